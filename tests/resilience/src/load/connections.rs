//! The TCP connections of this machine to one port, as the kernel lists them.

/// Connections to this port that are open on the caller's side; `None` where the system does not report it.
#[must_use]
pub(crate) fn to_port(port: u16) -> Option<usize> {
    std::fs::read_to_string("/proc/net/tcp").ok().map(|table| count(&table, port))
}

/// Established, and closed only by the other side.
const OPEN: [&str; 2] = ["01", "08"];

fn count(table: &str, port: u16) -> usize {
    let wanted = format!(":{port:04X}");
    let mut rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let open = |row: &Vec<&str>| {
        row.get(2).is_some_and(|remote| remote.ends_with(&wanted))
            && row.get(3).is_some_and(|state| OPEN.contains(state))
    };
    rows.by_ref().filter(open).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_connections_to_the_port_are_counted() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
                     0: 0100007F:1F90 00000000:0000 0A 00000000\n\
                     1: 0100007F:A000 0100007F:1F90 01 00000000\n\
                     2: 0100007F:A001 0100007F:1F90 08 00000000\n\
                     3: 0100007F:A002 0100007F:1F90 06 00000000\n\
                     4: 0100007F:1F90 0100007F:A000 01 00000000\n";
        assert_eq!(count(table, 8080), 2);
        assert_eq!(count(table, 0xa000), 1);
        assert_eq!(count("", 8080), 0);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn connection_is_counted_until_dropped() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(to_port(address.port()), Some(0));
        let connection = tokio::net::TcpStream::connect(address).await.unwrap();
        assert_eq!(to_port(address.port()), Some(1));
        drop(connection);
        assert_eq!(to_port(address.port()), Some(0));
    }
}
