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
        masters.push(Master { id: id.as_bytes().try_into().ok()?, address, has_slots, is_this: is("myself") });
    }
    Some(masters)
}

/// The node that has a slot, in the same text: its address, and whether it is the node that was asked. `None` if no node
/// has it, or the text has another form.
pub fn owner(text: &[u8], slot: u16) -> Option<(String, bool)> {
    let text = std::str::from_utf8(text).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let (_, address, flags) = (fields.next()?, fields.next()?, fields.next()?);
        // A range, a single slot, or a slot in migration in brackets, which is listed in a range as well.
        let has = |field: &str| {
            let (first, last) = field.split_once('-').unwrap_or((field, field));
            first.parse().is_ok_and(|first: u16| first <= slot) && last.parse().is_ok_and(|last: u16| slot <= last)
        };
        fields.skip(5).any(has).then(|| {
            let address = address.split('@').next().unwrap_or_default();
            (address.to_owned(), flags.split(',').any(|flag| flag == "myself"))
        })
    })
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
        assert_eq!(&found[3].id, b"e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca");
    }

    #[test]
    fn the_owner_of_a_slot_is_found() {
        for (slot, address, is_this) in [
            (0, "127.0.0.1:30001", true),
            (93, "127.0.0.1:30001", true),
            (5461, "127.0.0.1:30002", false),
            (10_922, "127.0.0.1:30002", false),
            (16_383, "127.0.0.1:30003", false),
        ] {
            assert_eq!(owner(TEXT.as_bytes(), slot), Some((address.to_owned(), is_this)));
        }
        let single = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 h:1@2 master - 0 1 2 connected 7 9-10";
        assert_eq!(owner(single.as_bytes(), 7), Some(("h:1".to_owned(), false)));
        assert_eq!((owner(single.as_bytes(), 8), owner(b"\xff", 1), owner(b"", 1)), (None, None, None));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [&b"\xff"[..], b"word", b"short 127.0.0.1:1@2 master - 0 0 1 connected"] {
            assert_eq!(masters(text), None);
        }
        assert_eq!(masters(b""), Some(Vec::new()));
    }
}
