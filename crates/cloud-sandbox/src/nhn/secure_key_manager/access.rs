//! Who may use a key store: IPv4 addresses, MAC addresses and client certificates, all of them or any.

use std::net::{IpAddr, Ipv4Addr};

use time::OffsetDateTime;

use super::authority::{Authority, Distrust};
use super::credential::{Address, Certificate, covering, named, order};
use super::key_store::{AuthMode, KeyStore, YesNo, is_gone};
use crate::nhn::korean_time;
use crate::state::table::{Place, Table};

/// The caller as the service sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) address: IpAddr,
    /// The MAC address that the request claims.
    pub(super) mac: Option<&'a str>,
    /// The client certificate of the connection, DER.
    pub(super) certificate: Option<&'a [u8]>,
}

/// The check that a caller did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// The address is not on the list.
    Ipv4,
    /// The MAC address is missing or not on the list.
    Mac,
    /// The certificate is missing or not on the list.
    Certificate,
    /// Another authority issued the certificate.
    Issuer,
    /// The certificate is past its date.
    Expired,
}

impl KeyStore {
    /// Checks a caller, and notes the time on each entry that vouched for it.
    pub(super) fn admit(
        &mut self,
        caller: &Caller<'_>,
        authority: Option<&Authority>,
        now: OffsetDateTime,
    ) -> Result<(), Denied> {
        let mut outcomes = Vec::new();
        if self.ip4_auth_use == YesNo::Y {
            outcomes.push(self.by_address(caller, now).ok_or(Denied::Ipv4));
        }
        if self.mac_auth_use == YesNo::Y {
            outcomes.push(self.by_mac(caller, now).ok_or(Denied::Mac));
        }
        if self.certificate_auth_use == YesNo::Y {
            outcomes.push(self.by_certificate(caller, authority, now));
        }
        let first = outcomes.iter().find_map(|outcome| outcome.err());
        match (self.auth_mode, first) {
            (AuthMode::Or, Some(_)) if outcomes.iter().any(Result::is_ok) => Ok(()),
            (_, Some(denied)) => Err(denied),
            // The console refuses a store without any check; a seed file that has one admits no caller.
            (_, None) if outcomes.is_empty() => Err(Denied::Ipv4),
            (_, None) => Ok(()),
        }
    }

    fn by_address(&mut self, caller: &Caller<'_>, now: OffsetDateTime) -> Option<()> {
        let IpAddr::V4(address) = caller.address.to_canonical() else { return None };
        let place = covering(&self.ipv4_list, address)?;
        vouch(&mut self.ipv4_list, place, now)
    }

    fn by_mac(&mut self, caller: &Caller<'_>, now: OffsetDateTime) -> Option<()> {
        let mac = caller.mac?;
        // The service's rule is unknown, and some of its clients change the case on their own.
        let (place, _) = named(&self.mac_list, mac).find(|(_, entry)| entry.deletion_datetime.is_none())?;
        vouch(&mut self.mac_list, place, now)
    }

    fn by_certificate(
        &mut self,
        caller: &Caller<'_>,
        authority: Option<&Authority>,
        now: OffsetDateTime,
    ) -> Result<(), Denied> {
        let (der, authority) = caller.certificate.zip(authority).ok_or(Denied::Certificate)?;
        authority.check(der, now).map_err(|distrust| match distrust {
            Distrust::Issuer => Denied::Issuer,
            Distrust::Expired => Denied::Expired,
        })?;
        let list = &mut self.certificate_list;
        let mut places = list.places(order::AGE, 0..list.len());
        let is_caller = |entry: &Certificate| entry.issued.as_ref().is_some_and(|issued| issued.is(der));
        let place = places.find(|place| list.get(*place).is_some_and(is_caller));
        drop(places);
        let mut entry = place.and_then(|place| list.get_mut(place)).ok_or(Denied::Certificate)?;
        if entry.deletion_datetime.is_some() {
            return Err(Denied::Certificate);
        }
        if is_gone(Some(&entry.expiration_date), now) {
            return Err(Denied::Expired);
        }
        entry.last_access_datetime = korean_time::local(now);
        Ok(())
    }
}

/// Notes the time on the entry that authorizes a caller.
fn vouch(list: &mut Table<Address>, place: Place, now: OffsetDateTime) -> Option<()> {
    list.get_mut(place)?.last_access_datetime = korean_time::local(now);
    Some(())
}

/// An address or a range as bits with their mask.
pub(super) fn network(entry: &str) -> Option<(u32, u32)> {
    let (network, length) = entry.split_once('/').unwrap_or((entry, "32"));
    let (network, length) = (network.parse::<Ipv4Addr>().ok()?, length.parse::<u32>().ok()?);
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
    Some((u32::from(network), mask))
}

#[cfg(test)]
mod tests {
    use super::super::seed;
    use super::*;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_760_000_000).unwrap()
    }

    fn caller<'a>(address: &str, mac: Option<&'a str>) -> Caller<'a> {
        Caller { address: address.parse().unwrap(), mac, certificate: None }
    }

    const MAC: Option<&str> = Some("aa:aa:aa:aa:aa:aa");

    #[test]
    fn all_checks_must_pass_unless_any_suffices() {
        let mut store = seed::key_stores().remove(&1).unwrap();
        for (address, mac, and, or) in [
            ("127.0.0.1", MAC, Ok(()), Ok(())),
            ("::ffff:127.0.0.1", MAC, Ok(()), Ok(())),
            ("10.0.0.1", MAC, Err(Denied::Ipv4), Ok(())),
            ("::1", MAC, Err(Denied::Ipv4), Ok(())),
            ("127.0.0.1", None, Err(Denied::Mac), Ok(())),
            ("127.0.0.1", Some("AA:aa:AA:aa:AA:aa"), Ok(()), Ok(())),
            ("127.0.0.1", Some("aa-aa-aa-aa-aa-aa"), Err(Denied::Mac), Ok(())),
            ("10.0.0.1", None, Err(Denied::Ipv4), Err(Denied::Ipv4)),
        ] {
            store.auth_mode = AuthMode::And;
            assert_eq!(store.admit(&caller(address, mac), None, now()), and, "{address} {mac:?}");
            store.auth_mode = AuthMode::Or;
            assert_eq!(store.admit(&caller(address, mac), None, now()), or, "{address} {mac:?}");
        }
    }

    #[test]
    fn every_mode_evaluates_every_set_of_checks() {
        let authority = Authority::create().unwrap();
        let mut store = seed::key_stores().remove(&1).unwrap();
        let end = OffsetDateTime::from_unix_timestamp(1_900_000_000).unwrap();
        let issued = authority.issue_client("certificate1", end).unwrap();
        let der = issued.der().unwrap();
        store.certificate_list.fresh_mut().next().unwrap().issued = Some(issued);
        let flag = |bits: u8, bit: u8| bits & (1 << bit) != 0;
        let switch = |on: bool| if on { YesNo::Y } else { YesNo::N };
        for (asked, passed) in (0..8).flat_map(|asked| (0..8).map(move |passed| (asked, passed))) {
            store.ip4_auth_use = switch(flag(asked, 0));
            store.mac_auth_use = switch(flag(asked, 1));
            store.certificate_auth_use = switch(flag(asked, 2));
            let caller = Caller {
                address: if flag(passed, 0) { "127.0.0.1" } else { "10.0.0.1" }.parse().unwrap(),
                mac: MAC.filter(|_| flag(passed, 1)),
                certificate: flag(passed, 2).then_some(&*der),
            };
            let denials = [Denied::Ipv4, Denied::Mac, Denied::Certificate];
            let first = (0..3).find(|&bit| flag(asked, bit) && !flag(passed, bit)).map(|bit| denials[usize::from(bit)]);
            let all = if asked == 0 { Err(Denied::Ipv4) } else { first.map_or(Ok(()), Err) };
            let any = if asked & passed == 0 { Err(first.unwrap_or(Denied::Ipv4)) } else { Ok(()) };
            for (mode, wanted) in [(AuthMode::And, all), (AuthMode::Or, any)] {
                store.auth_mode = mode;
                assert_eq!(store.admit(&caller, Some(&authority), now()), wanted, "{mode:?} {asked:03b} {passed:03b}");
            }
        }
    }

    #[test]
    fn entry_is_marked_when_used_and_ignored_when_deletion_is_planned() {
        let mut store = seed::key_stores().remove(&1).unwrap();
        store.admit(&caller("127.0.0.2", MAC), None, now()).unwrap();
        let used: Vec<_> = store.ipv4_list.all(order::AGE).map(|entry| &*entry.last_access_datetime).collect();
        assert_eq!(used, ["2025-01-25T13:00:00", "2025-10-09T17:53:20.000"]);
        let own = named(&store.mac_list, "aa:aa:aa:aa:aa:aa").next().unwrap().0;
        store.mac_list.get_mut(own).unwrap().deletion_datetime = Some("2030-01-01T00:00:00".to_owned());
        assert_eq!(store.admit(&caller("127.0.0.2", MAC), None, now()), Err(Denied::Mac));
    }

    #[test]
    fn store_without_checks_admits_no_caller() {
        let mut store = seed::key_stores().remove(&1).unwrap();
        store.ip4_auth_use = YesNo::N;
        store.mac_auth_use = YesNo::N;
        for mode in [AuthMode::And, AuthMode::Or] {
            store.auth_mode = mode;
            assert_eq!(store.admit(&caller("127.0.0.1", MAC), None, now()), Err(Denied::Ipv4));
        }
    }

    #[test]
    fn ip_range_contains_its_addresses() {
        for (entry, address, inside) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("ten", "10.0.0.0", false),
        ] {
            let mut list = seed::key_stores().remove(&3).unwrap().ipv4_list;
            entry.clone_into(&mut list.fresh_mut().next().unwrap().value);
            assert_eq!(covering(&list, address.parse().unwrap()).is_some(), inside, "{entry} {address}");
        }
    }
}
