//! Lists of networks in CIDR form, and whether a caller is in one of them.

use std::net::{IpAddr, Ipv4Addr};

use super::error::ErrorResponse;

/// One IPv4 network; bits behind the prefix may be set and do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: u32,
    prefix: u32,
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let plain = !prefix.is_empty() && prefix.len() <= 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|&prefix| plain && prefix <= 32)?;
        Some(Self { address: address.parse::<Ipv4Addr>().ok()?.to_bits(), prefix })
    }

    fn holds(self, address: Ipv4Addr) -> bool {
        // A shift by the full width is not a shift in Rust: prefix 0 holds every address.
        (self.address ^ address.to_bits()).checked_shr(32 - self.prefix).is_none_or(|apart| apart == 0)
    }
}

/// Refuses a text that is not a list of networks, or names one with a shorter prefix than `shortest`.
pub(super) fn check(text: &str, shortest: u32) -> Result<(), String> {
    for piece in text.split(',').map(str::trim) {
        let Some(network) = Network::read(piece) else {
            return Err("acl_cidr must be a comma-separated list of IPv4 networks such as 192.0.2.0/28".to_owned());
        };
        if network.prefix < shortest {
            return Err(format!("acl_cidr must not hold a network wider than /{shortest}"));
        }
    }
    Ok(())
}

/// Whether one of the listed networks holds the caller; an IPv6 caller only when it carries an IPv4 address.
pub(super) fn admit(text: &str, caller: IpAddr) -> bool {
    let caller = match caller {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(address) if address.is_loopback() => Some(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) => address.to_ipv4_mapped(),
    };
    let mut listed = text.split(',').filter_map(|piece| Network::read(piece.trim()));
    caller.is_some_and(|caller| listed.any(|network| network.holds(caller)))
}

/// Refuses a caller that none of the listed networks holds.
pub(super) fn check_caller(list: Option<&str>, what: &str, caller: IpAddr) -> Result<(), ErrorResponse> {
    if list.is_some_and(|list| admit(list, caller)) {
        return Ok(());
    }
    let reason = format!("the address {caller} is not in the {what}'s acl_cidr");
    Err(ErrorResponse::new(400, "source-cidr-error", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_must_be_in_one_of_the_networks() {
        let list = "192.168.1.1/24, 10.0.0.1/16";
        for (caller, inside) in [
            ("192.168.1.254", true),
            ("192.168.2.1", false),
            ("10.0.255.255", true),
            ("10.1.0.0", false),
            ("::ffff:10.0.3.4", true),
            ("::1", false),
        ] {
            assert_eq!(admit(list, caller.parse().unwrap()), inside, "{caller}");
        }
        assert!(admit("127.0.0.0/8", "::1".parse().unwrap()));
        assert!(admit("0.0.0.0/0", "203.0.113.9".parse().unwrap()));
        assert!(admit("203.0.113.9/32", "203.0.113.9".parse().unwrap()));
        assert!(!admit("203.0.113.9/32", "203.0.113.8".parse().unwrap()));
    }

    #[test]
    fn every_network_of_a_list_is_validated() {
        for good in ["10.0.0.0/25", "10.0.0.7/32,192.168.0.1/28", " 10.0.0.0/25 , 10.0.1.0/25 "] {
            assert_eq!(check(good, 25), Ok(()), "{good}");
        }
        for bad in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0.0/+9",
            "10.0.0/24",
            "10.0.0.0/25,",
            "a/25",
            "::1/128",
            "1.1.1.1/032",
        ] {
            assert!(check(bad, 0).is_err(), "{bad}");
        }
        assert!(check("10.0.0.0/25, 10.0.0.0/24", 25).unwrap_err().contains("/25"));
    }
}
