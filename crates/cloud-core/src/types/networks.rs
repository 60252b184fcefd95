//! Lists of IP networks, as access lists name them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::error::{Error, Result};

/// IP networks in CIDR notation; an address alone is a network of one.
///
/// ```
/// use cloud_core::Networks;
///
/// let networks: Networks = "192.168.1.0/25, 10.0.0.7".parse()?;
/// assert_eq!(networks.as_slice().len(), 2);
/// assert!(networks.contains([192, 168, 1, 9].into()));
/// assert!("192.168.1.0/33".parse::<Networks>().is_err());
/// assert!("".parse::<Networks>().is_err(), "no network at all is not a list of networks");
/// # Ok::<(), cloud_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Networks {
    networks: Vec<IpNet>,
    /// As it was given, which is how it is sent.
    text: String,
}

impl Networks {
    /// Returns the networks in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[IpNet] {
        &self.networks
    }

    /// Returns whether one of the networks contains the address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Networks {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let network = |part: &str| {
            let address = || part.parse::<IpAddr>().ok().map(IpNet::from);
            part.parse::<IpNet>().ok().or_else(address)
        };
        let networks: Option<Vec<_>> = text.split(',').map(|part| network(part.trim())).collect();
        let networks = networks.map(|networks| Self { networks, text: text.to_owned() });
        networks.ok_or_else(|| {
            Error::request("a list of networks must hold IP networks such as `10.0.0.0/25`, separated by commas")
        })
    }
}

/// The networks as they were given.
impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Compares the networks, however they are written.
impl PartialEq for Networks {
    fn eq(&self, other: &Self) -> bool {
        self.networks == other.networks
    }
}

impl Eq for Networks {}

fn written(networks: Vec<IpNet>) -> Networks {
    let parts: Vec<String> = networks.iter().map(IpNet::to_string).collect();
    Networks { networks, text: parts.join(", ") }
}

impl From<IpNet> for Networks {
    fn from(network: IpNet) -> Self {
        written(vec![network])
    }
}

impl From<Ipv4Net> for Networks {
    fn from(network: Ipv4Net) -> Self {
        written(vec![network.into()])
    }
}

impl From<Ipv6Net> for Networks {
    fn from(network: Ipv6Net) -> Self {
        written(vec![network.into()])
    }
}

impl<const N: usize> From<[IpNet; N]> for Networks {
    fn from(networks: [IpNet; N]) -> Self {
        const { assert!(N > 0, "no network at all is not a list of networks") };
        written(networks.into())
    }
}

impl TryFrom<Vec<IpNet>> for Networks {
    type Error = Error;

    fn try_from(networks: Vec<IpNet>) -> Result<Self> {
        if networks.is_empty() {
            return Err(Error::request("a list of networks must not be empty"));
        }
        Ok(written(networks))
    }
}
