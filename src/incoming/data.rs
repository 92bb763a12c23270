//! What follows `DATA`: the message up to the line with a lone dot, its stuffed dots undone (RFC 5321, section 4.5.2).

/// Takes octets as they come and finds the end.
pub(super) struct DotReader {
    state: State,
    message: Vec<u8>,
    kept_max: usize,
    size: usize,
    size_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Behind CR LF, or at the beginning.
    LineStart,
    /// Behind the dot that begins a line; it is not part of the message.
    Dot,
    /// Behind that dot and a CR.
    DotReturn,
    /// Inside a line.
    Inside,
    /// Inside a line, behind a CR.
    Return,
    /// The message is over.
    End,
}

impl DotReader {
    /// Keeps the first `kept_max` octets and counts the rest.
    pub(super) fn new(kept_max: usize, size_max: usize) -> Self {
        Self { state: State::LineStart, message: Vec::new(), kept_max, size: 0, size_max }
    }

    /// Takes some octets. Returns how many of them belong to the message and its end; what follows is the next command.
    pub(super) fn take(&mut self, octets: &[u8]) -> usize {
        for (at, octet) in octets.iter().enumerate() {
            self.step(*octet);
            if self.state == State::End {
                return at + 1;
            }
        }
        octets.len()
    }

    /// Only CR LF ends a line: what takes a lone LF for one lets a sender smuggle a second message in.
    fn step(&mut self, octet: u8) {
        self.state = match (self.state, octet) {
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotReturn,
            (State::DotReturn, b'\n') => State::End,
            (State::DotReturn, _) => {
                self.keep(b'\r');
                self.text(octet, true)
            }
            (State::Return, _) => self.text(octet, true),
            (_, _) => self.text(octet, false),
        };
    }

    fn text(&mut self, octet: u8, behind_return: bool) -> State {
        self.keep(octet);
        match octet {
            b'\n' if behind_return => State::LineStart,
            b'\r' => State::Return,
            _ => State::Inside,
        }
    }

    fn keep(&mut self, octet: u8) {
        self.size += 1;
        if self.message.len() < self.kept_max {
            self.message.push(octet);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::End
    }

    /// What was kept of the message, unless it is longer than allowed.
    pub(super) fn message(self) -> Option<Vec<u8>> {
        (self.size <= self.size_max).then_some(self.message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(wire: &[u8]) -> (Option<Vec<u8>>, usize) {
        let mut reader = DotReader::new(1_000, 1_000);
        let taken = reader.take(wire);
        (reader.is_over().then(|| reader.message().unwrap()), taken)
    }

    #[test]
    fn the_message_ends_at_a_lone_dot_and_stuffed_dots_are_undone() {
        for (wire, message) in [
            ("a\r\n.\r\nQUIT", Some("a\r\n")),
            (".\r\nQUIT", Some("")),
            ("..a\r\n...\r\n.\r\nQUIT", Some(".a\r\n..\r\n")),
            (".\rb\r\n.\r\nQUIT", Some("\rb\r\n")),
            ("a\n.\nb\n.\r\n.\r\nQUIT", Some("a\n.\nb\n.\r\n")),
            ("a\r\n.", None),
            ("a\r.\r\n", None),
        ] {
            let (found, taken) = read(wire.as_bytes());
            assert_eq!(found.as_deref(), message.map(str::as_bytes), "{wire:?}");
            if message.is_some() {
                assert_eq!(&wire[taken..], "QUIT");
            }
        }
    }

    #[test]
    fn a_long_message_is_read_to_its_end_and_not_kept() {
        let mut reader = DotReader::new(5, 10);
        reader.take(b"0123456789a\r\n.\r\n");
        assert!(reader.is_over() && reader.message().is_none());
        let mut reader = DotReader::new(5, 10);
        reader.take(b"01234567\r\n.\r\n");
        assert!(reader.is_over());
        assert_eq!(reader.message().as_deref(), Some(&b"01234"[..]), "nobody reads further");
    }

    proptest! {
        #[test]
        fn what_was_stuffed_comes_back_however_it_is_cut(lines in proptest::collection::vec("[.a]{0,6}", 0..8), cut in 1_usize..9) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let wire: String = lines.iter().map(|line| {
                let line = if line.starts_with('.') { format!(".{line}") } else { line.clone() };
                format!("{line}\r\n")
            }).collect::<String>() + ".\r\n";
            let mut reader = DotReader::new(1_000, 1_000);
            for piece in wire.as_bytes().chunks(cut) {
                prop_assert_eq!(reader.take(piece), piece.len());
            }
            prop_assert!(reader.is_over());
            prop_assert_eq!(reader.message().unwrap(), message.into_bytes());
        }
    }
}
