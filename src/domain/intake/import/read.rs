//! Reads the rows of a file, one at a time, and says of each bad one what is wrong. No value of a row is repeated.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::{ImportReport, Plan};
use crate::clock::Moment;
use crate::domain::audience::subscriber::Profile;
use crate::domain::catalog::Channel;
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::permission::Kind;
use crate::domain::intake::parse_choice;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};

/// The largest row, in octets. A quote that is never closed would otherwise swallow the rest of the file.
const ROW_OCTETS_MAX: u64 = 1024 * 1024;

/// The most topics that one row may name.
const TOPICS_MAX: usize = 500;

/// A good row.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) email: EmailAddress,
    /// The keyed hash of the address.
    pub(super) email_hash: Vec<u8>,
    pub(super) profile: Profile,
    pub(super) choices: Vec<(i64, Channel)>,
    pub(super) pending: bool,
    pub(super) consented_at: Moment,
    /// When somebody agreed as the file says; none where it names no moment, or what is only asked for.
    pub(super) agreed_at: Option<Moment>,
    pub(super) permissions: Vec<(Kind, bool)>,
}

/// What a column holds.
#[derive(Clone, PartialEq, Eq)]
enum Column {
    Email,
    FirstName,
    LastName,
    Company,
    Country,
    Phone,
    PostalAddress,
    Locale,
    Attribute(String),
    Topics,
    ConsentedAt,
    State,
    Permission(Kind),
}

impl Column {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::Email,
            "first_name" => Self::FirstName,
            "last_name" => Self::LastName,
            "company" => Self::Company,
            "country" => Self::Country,
            "phone" => Self::Phone,
            "postal_address" => Self::PostalAddress,
            "locale" => Self::Locale,
            "topics" => Self::Topics,
            "consented_at" => Self::ConsentedAt,
            "state" => Self::State,
            "permission_opens" => Self::Permission(Kind::Opens),
            "permission_clicks" => Self::Permission(Kind::Clicks),
            other => Self::Attribute(other.strip_prefix("attributes.")?.to_owned()),
        })
    }
}

/// The rows of a file.
pub(super) struct Rows<R> {
    reader: Reader<Counted<R>>,
    columns: Vec<Column>,
    /// Octets that the reader took since the last row was complete.
    taken: Arc<AtomicU64>,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a column is unknown or comes twice, or there is none for the address.
    pub(super) fn open(file: R) -> Result<Self> {
        let taken = Arc::<AtomicU64>::default();
        let file = Counted { file, taken: Arc::clone(&taken), holds_cr: false };
        let mut reader = ReaderBuilder::new().flexible(false).from_reader(file);
        let unreadable =
            |_| Error::invalid("file", "The header cannot be read; a CSV file in UTF-8 is needed");
        let header = reader.headers().map_err(unreadable)?.clone();
        let mut columns = Vec::with_capacity(header.len());
        let mut problems = Vec::new();
        for (number, name) in (1..).zip(&header) {
            match Column::parse(&name.trim().to_ascii_lowercase()) {
                // Not by its name: in a file without a header it would be a person's.
                None => problems.push(Problem::new("file", format!("Column {number} has no known name"))),
                Some(column) if columns.contains(&column) => {
                    problems.push(Problem::new("file", format!("Column {number} comes twice")));
                }
                Some(column) => columns.push(column),
            }
        }
        if problems.is_empty() && !columns.contains(&Column::Email) {
            problems.push(Problem::new("file", "There is no column named email"));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        Ok(Self { reader, columns, taken })
    }

    /// Reads the file to its end, and hands over good rows, so many at once; each time with what is to be reported of
    /// those that were read. Ends before if nobody takes them.
    pub(super) fn pass_on(mut self, plan: &Plan, most: usize, taker: &SyncSender<(Vec<Row>, ImportReport)>) {
        let mut more = true;
        while more {
            let mut report = ImportReport::default();
            let batch;
            (batch, more) = self.next_batch(plan, most, &mut report);
            if taker.send((batch, report)).is_err() {
                return;
            }
        }
    }

    /// The next good rows, at most `most`, and whether there may be more. Bad rows go into the report.
    fn next_batch(&mut self, plan: &Plan, most: usize, report: &mut ImportReport) -> (Vec<Row>, bool) {
        let mut batch = Vec::with_capacity(most);
        let mut record = ByteRecord::new();
        while batch.len() < most {
            self.taken.store(0, Ordering::Relaxed);
            let begins = self.reader.position().line();
            let more = self.reader.read_byte_record(&mut record);
            let line = record.position().map_or(0, csv::Position::line);
            match more {
                Ok(false) => return (batch, false),
                Ok(true) => {}
                Err(error) => {
                    report.rows += 1;
                    let line = error.position().map_or(line, csv::Position::line);
                    if let ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
                        report.refuse(line, format!("{len} fields where the header has {expected_len}"));
                        continue;
                    }
                    let why = "The file cannot be read from here on: a quote is not closed, or it broke off";
                    report.refuse(begins, why);
                    return (batch, false);
                }
            }
            report.rows += 1;
            let Ok(record) = StringRecord::from_byte_record(record.clone()) else {
                report.refuse(line, "The row is not in UTF-8");
                continue;
            };
            match self.parse(&record, line, plan) {
                Ok(row) => batch.push(row),
                Err(problems) => report.refuse(line, Error::Invalid(problems).to_string()),
            }
        }
        (batch, true)
    }

    fn parse(&self, record: &StringRecord, line: u64, plan: &Plan) -> Result<Row, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut row = Draft::default();
        for (column, value) in self.columns.iter().zip(record) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            row.fill(column, value, plan).unwrap_or_else(|problem| problems.push(problem));
        }
        let email = EmailAddress::parse(&row.email).map_err(|problem| problems.push(problem)).ok();
        let profile = std::mem::take(&mut row.profile).check().unwrap_or_else(|wrong| {
            problems.extend(wrong);
            Profile::default()
        });
        row.check(plan, &profile, &mut problems);
        match email {
            Some(email) if problems.is_empty() => Ok(Row {
                line,
                email_hash: email.keyed_hash(&plan.keys),
                email,
                profile,
                choices: row.choices,
                pending: row.pending,
                consented_at: row.consented_at.unwrap_or(plan.now),
                agreed_at: row.consented_at.filter(|_| !row.pending),
                permissions: row.permissions,
            }),
            _ => Err(problems),
        }
    }
}

/// A row being read.
#[derive(Default)]
struct Draft {
    email: String,
    profile: Profile,
    choices: Vec<(i64, Channel)>,
    pending: bool,
    consented_at: Option<Moment>,
    permissions: Vec<(Kind, bool)>,
}

impl Draft {
    fn fill(&mut self, column: &Column, value: &str, plan: &Plan) -> Result<(), Problem> {
        let text = || Some(value.to_owned());
        match column {
            Column::Email => value.clone_into(&mut self.email),
            Column::FirstName => self.profile.first_name = text(),
            Column::LastName => self.profile.last_name = text(),
            Column::Company => self.profile.company = text(),
            Column::Country => self.profile.country = text(),
            Column::Phone => self.profile.phone = text(),
            Column::PostalAddress => self.profile.postal_address = text(),
            Column::Locale => self.profile.locale = text(),
            Column::Attribute(name) => {
                self.profile.attributes.insert(name.clone(), value.to_owned());
            }
            Column::Topics => self.fill_topics(value, plan)?,
            Column::ConsentedAt => {
                let moment = Moment::parse(value).filter(|moment| *moment <= plan.now);
                let moment = moment.ok_or_else(|| {
                    Problem::new("consented_at", "Not a moment of the past such as 2026-03-01T09:30:00Z")
                })?;
                self.consented_at = Some(moment);
            }
            Column::State => {
                self.pending = match value {
                    "granted" => false,
                    "pending" => true,
                    _ => return Err(Problem::new("state", "Neither granted nor pending")),
                };
            }
            Column::Permission(kind) => {
                let allowed = match value.to_ascii_lowercase().as_str() {
                    "yes" => true,
                    "no" => false,
                    _ => {
                        return Err(Problem::new(
                            format!("permission_{kind}"),
                            "Neither yes nor no nor empty",
                        ));
                    }
                };
                self.permissions.push((*kind, allowed));
            }
        }
        Ok(())
    }

    fn fill_topics(&mut self, value: &str, plan: &Plan) -> Result<(), Problem> {
        for name in value.split([' ', ';']).filter(|name| !name.is_empty()) {
            let offered = parse_choice(name).and_then(|(slug, channel)| {
                let topic = plan.topics.iter().find(|topic| topic.slug.as_str() == slug)?;
                topic.offers(channel).then_some((topic.id, channel))
            });
            let choice = offered.ok_or_else(|| {
                Problem::new("topics", "The brand does not offer one of the topics by this channel")
            })?;
            if self.choices.len() == TOPICS_MAX {
                return Err(Problem::new("topics", format!("More than {TOPICS_MAX} topics")));
            }
            if !self.choices.contains(&choice) {
                self.choices.push(choice);
            }
        }
        Ok(())
    }

    /// What concerns several columns.
    fn check(&self, plan: &Plan, profile: &Profile, problems: &mut Vec<Problem>) {
        let allows = self.permissions.iter().any(|(_, allowed)| *allowed);
        let agrees = (!self.choices.is_empty() && !self.pending) || allows;
        if agrees && self.consented_at.is_none() && !problems.iter().any(|p| p.field == "consented_at") {
            problems.push(Problem::new("consented_at", "What was agreed to needs the moment when"));
        }
        if allows && plan.basis == Basis::SoftOptIn {
            problems.push(Problem::new(
                "permission",
                "Counting opens and clicks needs consent, not a soft opt-in",
            ));
        }
        let wants = |channel| self.choices.iter().any(|(_, chosen)| *chosen == channel);
        if wants(Channel::Phone) && profile.phone.is_none() && !problems.iter().any(|p| p.field == "phone") {
            problems.push(Problem::new("phone", "A topic by phone needs a number"));
        }
        if wants(Channel::Post) && profile.postal_address.is_none() {
            problems.push(Problem::new("postal_address", "A topic by post needs an address"));
        }
    }
}

/// Counts what is taken, refuses to go on where a row has no end, and ends every line in LF alone: the reader
/// counts its lines by them.
struct Counted<R> {
    file: R,
    taken: Arc<AtomicU64>,
    /// Whether a CR was taken whose next octet is not known yet.
    holds_cr: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.taken.load(Ordering::Relaxed) > ROW_OCTETS_MAX {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        loop {
            // The first place is kept for a CR that was held back.
            let octets = self.file.read(&mut buffer[1..])?;
            self.taken.fetch_add(octets as u64, Ordering::Relaxed);
            let mut kept = 0;
            for at in 1..=octets {
                let octet = buffer[at];
                if std::mem::replace(&mut self.holds_cr, octet == b'\r') && octet != b'\n' {
                    buffer[kept] = b'\r';
                    kept += 1;
                }
                if octet != b'\r' {
                    buffer[kept] = octet;
                    kept += 1;
                }
            }
            if octets == 0 && std::mem::take(&mut self.holds_cr) {
                buffer[0] = b'\r';
                kept = 1;
            }
            if octets == 0 || kept > 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives at most so many octets at once.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    proptest! {
        #[test]
        fn lines_end_in_lf_wherever_a_read_ends(text in "[a\r\n]{0,40}", most in 1usize..5, room in 2usize..9) {
            let taken = Arc::<AtomicU64>::default();
            let mut file = Counted { file: Slow(text.as_bytes(), most), taken, holds_cr: false };
            let (mut read, mut buffer) = (Vec::new(), vec![0; room]);
            loop {
                match file.read(&mut buffer).unwrap() {
                    0 => break,
                    octets => read.extend_from_slice(&buffer[..octets]),
                }
            }
            prop_assert_eq!(String::from_utf8(read).unwrap(), text.replace("\r\n", "\n"));
        }
    }
}
