//! What is inspected: plain data, so that the same inspection runs under any job queue.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use cloud_core::{Error, Result};

/// A service of an account, in a region if it has regions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Target {
    /// The name of the account.
    pub account: String,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The name of the service.
    pub service: String,
    /// What else decides its result, such as a period or a language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The prefix of the uids of its events, if it is known: what may be missing if the target fails.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Other prefixes of the uids of its events, such as that of rules which are the same in all regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_prefixes: Vec<String>,
}

impl Target {
    /// Creates the target of a service of an account.
    #[must_use]
    pub fn new(account: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            region: None,
            service: service.into(),
            parameters: BTreeMap::new(),
            prefix: String::new(),
            further_prefixes: Vec::new(),
        }
    }

    /// Sets the region.
    #[must_use]
    pub fn in_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets something else that decides its result, such as a period or a language. A target with other parameters is
    /// another target: its result in a checkpoint does not count for this one.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Sets the prefix of the uids of its events.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds another prefix of the uids of its events. Without [`with_prefix`](Self::with_prefix) it has no effect.
    #[must_use]
    pub fn and_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.further_prefixes.push(prefix.into());
        self
    }

    /// Returns all prefixes of the uids of its events; an empty one if they are not known.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        let further = self.further_prefixes.iter().filter(|_| !self.prefix.is_empty());
        std::iter::once(&self.prefix).chain(further).map(String::as_str)
    }

    /// Returns the targets of each account, in each region, for each service.
    pub fn product<'a>(
        accounts: impl IntoIterator<Item = &'a str>,
        regions: &'a [&'a str],
        services: &'a [&'a str],
    ) -> impl Iterator<Item = Self> {
        accounts.into_iter().flat_map(move |account| {
            regions.iter().flat_map(move |region| {
                services.iter().map(move |service| Self::new(account, *service).in_region(*region))
            })
        })
    }

    /// Identifies the target in a checkpoint, in 16 bytes.
    pub(super) fn id(&self) -> Id {
        let region = self.region.as_deref().map(|region| crate::uid(&[region])).unwrap_or_default();
        let mut text = format!("{}/{region}", crate::uid(&[&self.account, &self.service]));
        for (name, value) in &self.parameters {
            text += &format!("/{}", crate::uid(&[name, value]));
        }
        id_of(&text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.service, self.account)?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

/// The first half of a hash.
pub(super) type Id = [u8; 16];

/// The ID of a text.
pub(super) fn id_of(text: &str) -> Id {
    let mut id = Id::default();
    for (to, from) in id.iter_mut().zip(Sha256::digest(text.as_bytes())) {
        *to = from;
    }
    id
}

/// One of several shares of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Numbers")]
pub struct Shard {
    index: u32,
    count: u32,
}

/// A shard that may not exist.
#[derive(Deserialize)]
struct Numbers {
    index: u32,
    count: u32,
}

impl TryFrom<Numbers> for Shard {
    type Error = Error;

    fn try_from(Numbers { index, count }: Numbers) -> Result<Self> {
        Self::new(index, count)
    }
}

impl Shard {
    /// Creates the share with this index, from 0, of so many.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the index is not below the count.
    pub fn new(index: u32, count: u32) -> Result<Self> {
        match index < count {
            true => Ok(Self { index, count }),
            false => Err(Error::config(format!("shard {index} of {count} does not exist: shards are numbered from 0"))),
        }
    }

    /// Returns the index, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Returns how many shares there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// Returns whether the account of a target is in this share. It depends on the account and on the count alone.
    #[must_use]
    pub fn contains(self, target: &Target) -> bool {
        let [a, b, c, d, ..] = id_of(&target.account);
        u32::from_be_bytes([a, b, c, d]) % self.count == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_divide_the_targets_and_do_not_depend_on_the_others() {
        let accounts: Vec<_> = (0..1_000).map(|number| format!("account-{number}")).collect();
        let shards: Vec<_> = (0..4).map(|index| Shard::new(index, 4).unwrap()).collect();
        let mut sizes = [0; 4];
        for account in &accounts {
            let of = |service| {
                let target = Target::new(account, service).in_region("KR1");
                let own: Vec<_> =
                    shards.iter().filter(|shard| shard.contains(&target)).map(|own| own.index()).collect();
                assert_eq!(own.len(), 1, "{target}");
                own[0]
            };
            assert_eq!(of("one"), of("other"), "an account has one deadline");
            sizes[of("one") as usize] += 1;
        }
        assert!(sizes.iter().all(|size| (200..300).contains(size)), "{sizes:?}");
        // A change of the hash would move accounts between machines.
        let first: Vec<_> = ["a", "b", "c", "d"].map(|name| Target::new(name, "s")).into();
        let first: Vec<_> =
            first.iter().map(|own| shards.iter().position(|shard| shard.contains(own)).unwrap()).collect();
        assert_eq!(first, FIRST);
    }

    /// The shards of four accounts.
    const FIRST: [usize; 4] = [2, 2, 3, 3];

    #[test]
    fn shard_that_does_not_exist_is_rejected() {
        for (index, count) in [(0, 0), (1, 1), (5, 4)] {
            assert!(Shard::new(index, count).unwrap_err().to_string().contains("does not exist"));
            let json = format!(r#"{{"index":{index},"count":{count}}}"#);
            assert!(serde_json::from_str::<Shard>(&json).unwrap_err().to_string().contains("does not exist"));
        }
    }

    #[test]
    fn targets_that_differ_have_different_ids() {
        let all = [
            Target::new("a", "b"),
            Target::new("b", "a"),
            Target::new("a", "b").in_region(""),
            Target::new("a", "b").in_region("c"),
            Target::new("a/b", "c"),
            Target::new("a", "b/c"),
            Target::new("a", "b").with_parameter("c", "d"),
            Target::new("a", "b").with_parameter("c", "e"),
            Target::new("a", "b").in_region("c").with_parameter("c", "d"),
            Target::new("a", "b").with_parameter("c", "d").with_parameter("e", "f"),
            Target::new("a", "b").with_parameter("c", "d/e/f"),
        ];
        let ids: std::collections::BTreeSet<_> = all.iter().map(Target::id).collect();
        // An empty region counts as none.
        assert_eq!(ids.len(), all.len() - 1);
        assert_eq!(Target::product(["a", "b"], &["KR1", "KR2"], &["x", "y", "z"]).count(), 12);
    }
}
