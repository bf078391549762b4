//! The nodes of a cluster, as the server lists them.

/// The name of a node: 40 hex digits, which it keeps for life.
pub type Id = [u8; 40];

/// A master that a request concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Its name.
    pub id: Id,
    /// Where clients reach it: host and port.
    pub address: String,
    /// Whether it has slots. One without may still receive keys, and may never have loaded the module.
    pub has_slots: bool,
    /// Whether the cluster agrees that it has failed.
    pub has_failed: bool,
    /// Whether it is the node that was asked for the list.
    pub is_this: bool,
}

/// The masters in the text of `CLUSTER NODES`: those that have slots, also if they have failed, and those without slots
/// that have not failed (a node that has just joined, and may receive keys). A failed master whose replica has taken its
/// slots is left out. `None` if the text has another form.
pub fn masters(text: &[u8]) -> Option<Vec<Master>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut masters = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        // id address flags master ping pong epoch link-state slot...
        let mut fields = line.split(' ');
        let (id, address, flags) = (fields.next()?, fields.next()?, fields.next()?);
        let has_slots = fields.nth(5).is_some();
        let is = |flag: &str| flags.split(',').any(|one| one == flag);
        let is_gone = is("fail") || is("noaddr") || is("handshake");
        if !is("master") || (is_gone && !has_slots) {
            continue;
        }
        // 127.0.0.1:7000@17000,name
        let address = address.split('@').next().unwrap_or_default().to_owned();
        let id = id.as_bytes().try_into().ok()?;
        masters.push(Master { id, address, has_slots, has_failed: is("fail"), is_this: is("myself") });
    }
    Some(masters)
}

/// Whether the text of `CLUSTER INFO` says that the cluster is down.
pub fn is_down(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| line.trim_ascii_end() == b"cluster_state:fail")
}

/// The slots that other nodes have.
#[derive(Debug)]
pub struct Elsewhere<'t> {
    /// First and last slot with the address of the node, ascending.
    ranges: Vec<(u16, u16, &'t str)>,
}

impl<'t> Elsewhere<'t> {
    /// Reads the text of `CLUSTER NODES`; `None` if it has another form.
    pub fn of(text: &'t [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut ranges = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let mut fields = line.split(' ');
            let (_, address, flags) = (fields.next()?, fields.next()?, fields.next()?);
            if flags.split(',').any(|flag| flag == "myself") {
                continue;
            }
            let address = address.split('@').next().unwrap_or_default();
            // A range, or a single slot. A slot in migration, in brackets, is listed in a range as well.
            ranges.extend(fields.skip(5).filter_map(|field| {
                let (first, last) = field.split_once('-').unwrap_or((field, field));
                Some((first.parse().ok()?, last.parse().ok()?, address))
            }));
        }
        ranges.sort_unstable();
        Some(Self { ranges })
    }

    /// The address of the other node that has a slot.
    pub fn address(&self, slot: u16) -> Option<&'t str> {
        let after = self.ranges.partition_point(|&(first, ..)| first <= slot);
        let (_, last, address) = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= *last).then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,host4 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002 master - 0 1426238316232 2 connected 5461-10922
292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f 127.0.0.1:30003@31003 master,fail - 0 1426238318243 3 disconnected 10923-16383
6ec23923021cf3ffec47632106199cb7f496ce01 127.0.0.1:30005@31005 master,fail - 0 1426238316232 5 disconnected
824fe116063bc5fcf9f4ffd895bc17aee7731ac3 ::1:30006@31006 master - 0 1426238317741 6 connected
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa :0@0 master,noaddr - 0 0 6 disconnected
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 [93-<-292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f]
";

    #[test]
    fn masters_with_slots_count_and_so_do_living_ones_without() {
        let found = masters(TEXT.as_bytes()).unwrap();
        let addresses: Vec<&str> = found.iter().map(|master| master.address.as_str()).collect();
        assert_eq!(addresses, ["127.0.0.1:30002", "127.0.0.1:30003", "::1:30006", "127.0.0.1:30001"]);
        let with_slots: Vec<bool> = found.iter().map(|master| master.has_slots).collect();
        assert_eq!(with_slots, [true, true, false, true]);
        let this: Vec<bool> = found.iter().map(|master| master.is_this).collect();
        assert_eq!(this, [false, false, false, true]);
        assert!(found.iter().map(|master| master.has_failed).eq([false, true, false, false]));
        assert_eq!(&found[3].id, b"e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca");
    }

    #[test]
    fn the_owner_of_a_slot_is_found() {
        let elsewhere = Elsewhere::of(TEXT.as_bytes()).unwrap();
        for (slot, address) in [
            (0, None),
            (93, None),
            (5460, None),
            (5461, Some("127.0.0.1:30002")),
            (10_922, Some("127.0.0.1:30002")),
            (16_383, Some("127.0.0.1:30003")),
        ] {
            assert_eq!(elsewhere.address(slot), address);
        }
        let single = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 h:1@2 master - 0 1 2 connected 9-10 7";
        let single = Elsewhere::of(single.as_bytes()).unwrap();
        assert_eq!([7, 8, 9, 10, 11].map(|slot| single.address(slot).is_some()), [true, false, true, true, false]);
        assert!(Elsewhere::of(b"\xff").is_none() && Elsewhere::of(b"").unwrap().address(1).is_none());
    }

    #[test]
    fn the_state_of_the_cluster_is_read() {
        assert!(is_down(b"cluster_enabled:1\r\ncluster_state:fail\r\ncluster_slots_fail:5461\r\n"));
        assert!(!is_down(b"cluster_state:ok\r\ncluster_slots_fail:0\r\n") && !is_down(b""));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [&b"\xff"[..], b"word", b"short 127.0.0.1:1@2 master - 0 0 1 connected"] {
            assert_eq!(masters(text), None);
        }
        assert_eq!(masters(b""), Some(Vec::new()));
    }
}
