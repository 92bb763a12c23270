//! Header fields as reports carry them: folded lines, in blocks that a blank line ends (RFC 3464, section 2.1; RFC
//! 5965, section 3). Whatever comes, it costs no more than reading it once.

/// More fields of one block are not kept: no report needs them.
const FIELDS_MAX: usize = 500;

/// More blocks are not kept: a letter has one recipient, so its report has two.
const BLOCKS_MAX: usize = 50;

/// More octets of one value are not kept.
const VALUE_MAX: usize = 2_000;

/// The fields of one block in their order, names in lower case.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields up to the first blank line.
    pub(super) fn read(octets: &[u8]) -> Self {
        Self::blocks(octets).into_iter().next().unwrap_or_default()
    }

    /// All blocks that have a field.
    pub(super) fn blocks(octets: &[u8]) -> Vec<Self> {
        let mut blocks: Vec<Self> = Vec::new();
        let mut block = Self::default();
        for line in octets.split(|octet| *octet == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.iter().all(|octet| matches!(octet, b' ' | b'\t' | b'\r')) {
                block.take(&String::from_utf8_lossy(&line[..line.len().min(VALUE_MAX)]));
            } else if !block.0.is_empty() {
                blocks.push(std::mem::take(&mut block));
                if blocks.len() == BLOCKS_MAX {
                    return blocks;
                }
            }
        }
        if !block.0.is_empty() {
            blocks.push(block);
        }
        blocks
    }

    fn take(&mut self, line: &str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.0.last_mut().filter(|(_, value)| value.len() < VALUE_MAX) {
                value.push(' ');
                value.push_str(line.trim());
            }
            return;
        }
        let Some((name, value)) = line.split_once(':') else { return };
        let name = name.trim_end();
        if self.0.len() < FIELDS_MAX && !name.is_empty() && !name.contains([' ', '\t']) {
            self.0.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The first value of this name, which is written in lower case.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of this name, which is written in lower case.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let same = move |(other, _): &&(String, String)| other == name;
        self.0.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// The first word of a value, in lower case: what a comment in brackets follows.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        let value = self.first(name)?;
        let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ';' | ',');
        Some(value.split(ends).next().unwrap_or_default().to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_are_one_value_and_a_blank_line_ends_a_block() {
        let blocks = Fields::blocks(
            b"Reporting-MTA: dns; mx.example\r\n\r\nStatus: 5.1.1 (bad mailbox)\r\nDiagnostic-Code: smtp;\r\n \
              550 no\r\n\tsuch user\r\nno field\n\n\nStatus:4.2.2",
        );
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[0].first("reporting-mta"), Some("dns; mx.example"));
        assert_eq!(blocks[1].first("diagnostic-code"), Some("smtp; 550 no such user"));
        assert_eq!(blocks[1].word("status").as_deref(), Some("5.1.1"));
        assert_eq!(blocks[2].word("status").as_deref(), Some("4.2.2"));
        assert_eq!(blocks[2].first("action"), None);
    }

    #[test]
    fn a_flood_of_fields_blocks_or_folds_is_cut_off() {
        assert_eq!(Fields::read("a: b\n".repeat(100_000).as_bytes()).0.len(), FIELDS_MAX);
        assert_eq!(Fields::blocks("a: b\n\n".repeat(100_000).as_bytes()).len(), BLOCKS_MAX);
        let folded = Fields::read(format!("a: b\n{}", " c\n".repeat(100_000)).as_bytes());
        assert!(folded.first("a").unwrap().len() <= 2 * VALUE_MAX);
    }
}
