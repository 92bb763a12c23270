//! Lists of `tag=value;`, as the records of DKIM and DMARC are written (RFC 6376, section 3.2; RFC 9989, section 4.7).

/// The tags of a record in their order, names in lower case, both sides trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tags(Vec<(String, String)>);

impl Tags {
    /// Reads a record; what is not `tag=value` is a tag without a value.
    pub(super) fn of(record: &str) -> Self {
        let parts = record.split(';').filter(|part| !part.trim().is_empty());
        let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
        Self(pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect())
    }

    /// The value of a tag, where it is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a tag in lower case.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_ascii_lowercase)
    }

    /// Whether the record begins with this tag and value, in whatever case.
    pub(super) fn begin_with(&self, name: &str, value: &str) -> bool {
        self.0.first().is_some_and(|(first, known)| first == name && known.eq_ignore_ascii_case(value))
    }
}
