//! A mail as a mail program reads it: headers unfolded, parts decoded, links found.

use mail_parser::{MessageParser, MimeHeaders, PartType};
use mannerly::mail::transport::Captured;

/// One mail that the server handed over.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Whom the envelope names.
    pub(crate) to: String,
    /// The envelope sender.
    pub(crate) return_path: String,
    /// Whether it came with a permit, as marketing does.
    pub(crate) marketing: bool,
    /// The decoded subject.
    pub(crate) subject: String,
    /// The decoded plain text.
    pub(crate) text: String,
    /// The decoded HTML, empty if there is none.
    pub(crate) html: String,
    /// As it went over the wire.
    pub(crate) raw: String,
    headers: Vec<(String, String)>,
}

impl Mail {
    pub(crate) fn read(captured: &Captured) -> Self {
        let message = MessageParser::new().parse(&captured.bytes).expect("a mail can be read");
        let (mut text, mut html) = (String::new(), String::new());
        for part in &message.parts {
            assert!(part.content_type().is_some() || matches!(part.body, PartType::Multipart(_)));
            match &part.body {
                PartType::Text(body) => text.push_str(body),
                PartType::Html(body) => html.push_str(body),
                _ => {}
            }
        }
        let headers = message.headers_raw().map(|(name, value)| {
            // RFC 5322, section 2.2.3: unfolding takes the line break away and leaves the space.
            (name.to_owned(), value.replace("\r\n", "").trim().to_owned())
        });
        Self {
            to: captured.to.as_str().to_owned(),
            return_path: captured.return_path.as_str().to_owned(),
            marketing: captured.marketing,
            subject: message.subject().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            raw: String::from_utf8(captured.bytes.clone()).expect("a mail is UTF-8"),
            text,
            html,
        }
    }

    /// All values of a header, unfolded and not decoded.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that must be there exactly once.
    pub(crate) fn header(&self, name: &str) -> &str {
        match self.headers(name).as_slice() {
            [value] => value,
            values => panic!("{} headers {name} in:\n{}", values.len(), self.raw),
        }
    }

    /// The first link of the text part that has `sign` in it.
    pub(crate) fn link(&self, sign: &str) -> String {
        let found = self.links().into_iter().find(|link| link.contains(sign));
        found.unwrap_or_else(|| panic!("no link with {sign} in:\n{}", self.text))
    }

    /// The links of the text part.
    pub(crate) fn links(&self) -> Vec<String> {
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ')');
        let starts = self.text.match_indices("http").map(|(at, _)| &self.text[at..]);
        let urls = starts.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"));
        urls.map(|rest| rest.split(ends).next().unwrap_or(rest).trim_end_matches(['.', ',']).to_owned())
            .collect()
    }

    /// The values of `href` and `src` in the HTML part, with entities decoded as far as URLs have them.
    pub(crate) fn html_links(&self) -> Vec<String> {
        ["href=\"", "src=\""]
            .iter()
            .flat_map(|mark| self.html.split(mark).skip(1))
            .map(|rest| rest.split('"').next().unwrap_or(rest).replace("&amp;", "&"))
            .collect()
    }
}
