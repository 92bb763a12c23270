//! One record of SPF: its terms, and what they say (RFC 7208, sections 4.5 to 6).

/// The mechanisms that there are (RFC 7208, section 5).
const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];

/// The terms of a record, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record(Vec<String>);

impl Record {
    /// Reads a text, if it is a record of SPF (RFC 7208, section 4.5).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let is_spf = words.next()?.eq_ignore_ascii_case("v=spf1");
        is_spf.then(|| Self(words.map(str::to_ascii_lowercase).collect()))
    }

    /// Whether it names nobody who may send.
    pub(super) fn permits_nobody(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|term| term == "-all")
    }

    /// Words that are no mechanism.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.mechanisms().map(|(name, _)| name).filter(|name| !MECHANISMS.contains(name))
    }

    /// What holds for everybody whom nothing else names: `-all` with its sign, if it is there.
    pub(super) fn end(&self) -> Option<&str> {
        let end = |term: &&String| matches!(term.as_str(), "all" | "+all" | "?all" | "~all" | "-all");
        self.0.iter().find(end).map(String::as_str)
    }

    /// Whether everybody may send.
    pub(super) fn permits_everybody(&self) -> bool {
        matches!(self.end(), Some("all" | "+all"))
    }

    /// The domains whose records are part of this one. A name that is put together for each mail is not known here
    /// (RFC 7208, section 7).
    pub(super) fn includes(&self) -> impl Iterator<Item = &str> {
        self.mechanisms().filter(|(name, _)| *name == "include").filter_map(|(_, value)| known_name(value?))
    }

    /// The domain whose record takes the place of this one's end; it is not read where there is an `all` (section 6.1).
    pub(super) fn redirect(&self) -> Option<&str> {
        let target = self.0.iter().find_map(|term| term.strip_prefix("redirect="));
        target.filter(|_| self.end().is_none()).and_then(known_name)
    }

    /// Whether it goes on with another record.
    pub(super) fn redirects(&self) -> bool {
        self.0.iter().any(|term| term.starts_with("redirect="))
    }

    /// How many questions its own terms cost a receiver who comes to their end (section 4.6.4).
    pub(super) fn lookups(&self) -> usize {
        let asks = |name: &str| matches!(name, "include" | "a" | "mx" | "ptr" | "exists");
        let terms = self.mechanisms().filter(|(name, _)| asks(name)).count();
        terms + usize::from(self.redirects() && self.end().is_none())
    }

    /// Each mechanism without its sign, and its value; modifiers are left out.
    fn mechanisms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().filter_map(|term| {
            let term = term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term);
            let end = term.find([':', '/', '=']).unwrap_or(term.len());
            let (name, rest) = term.split_at(end);
            (!rest.starts_with('=')).then(|| (name, rest.strip_prefix(':')))
        })
    }
}

/// A name that can be asked for as it stands, without a dot at its end.
fn known_name(name: &str) -> Option<&str> {
    let name = name.trim_end_matches('.');
    (!name.is_empty() && name.len() <= 253 && !name.contains('%')).then_some(name)
}
