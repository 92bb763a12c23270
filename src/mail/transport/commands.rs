//! What a server is told before the content of a message: MAIL, RCPT and DATA, with what RFC 3461 adds where the server
//! offers DSN (B-02).

use std::fmt::Write;

use crate::email_address::EmailAddress;
use crate::mail::report::letter_token;
use crate::mail::transport::smtp::Envelope;

const DATA: &str = "DATA\r\n";

/// The longest `ORCPT`, in octets (RFC 3461, section 4.2). A longer one is left out.
const ORCPT_MAX: usize = 500;

/// The three commands, one behind the other in one text.
#[derive(PartialEq, Eq)]
pub(super) struct Commands {
    text: String,
    mail_end: usize,
    rcpt_end: usize,
}

impl Commands {
    /// A server that offers DSN is asked to say what became of the message, and to return no more of it than its
    /// header. The envelope's name is the letter's token, which the mail systems on its way know from its return path
    /// anyway; nobody but us can read a person out of it.
    pub(super) fn of(Envelope { to, return_path, beyond_ascii }: Envelope<'_>, dsn: bool) -> Self {
        let mut text = String::with_capacity(320);
        let pieces = ["MAIL FROM:<", return_path.as_str(), ">"];
        pieces.into_iter().for_each(|piece| text.push_str(piece));
        if beyond_ascii {
            text.push_str(" BODY=8BITMIME SMTPUTF8");
        }
        if dsn {
            text.push_str(" RET=HDRS");
            if let Some(token) = letter_token(return_path.as_str()) {
                text.push_str(" ENVID=");
                text.push_str(token);
            }
        }
        text.push_str("\r\n");
        let mail_end = text.len();
        ["RCPT TO:<", to.as_str(), ">"].into_iter().for_each(|piece| text.push_str(piece));
        if dsn {
            text.push_str(" NOTIFY=FAILURE,DELAY");
            push_original(to, &mut text);
        }
        text.push_str("\r\n");
        let rcpt_end = text.len();
        text.push_str(DATA);
        Self { text, mail_end, rcpt_end }
    }

    /// All of them, to be said in one write.
    pub(super) fn all(&self) -> &str {
        &self.text
    }

    /// One after the other.
    pub(super) fn each(&self) -> [&str; 3] {
        let (mail, rest) = self.text.split_at(self.mail_end);
        let (rcpt, data) = rest.split_at(self.rcpt_end - self.mail_end);
        [mail, rcpt, data]
    }
}

/// ` ORCPT=`: whom the message was written to, for reports from wherever it is sent on to. As xtext (RFC 3461, section
/// 4), and beyond ASCII in the form that every server can pass on (RFC 6533, section 3).
fn push_original(to: &EmailAddress, text: &mut String) {
    let (start, address) = (text.len(), to.as_str());
    let is_ascii = address.is_ascii();
    text.push_str(if is_ascii { " ORCPT=rfc822;" } else { " ORCPT=utf-8;" });
    for letter in address.chars() {
        let is_plain = letter.is_ascii_graphic() && !matches!(letter, '+' | '=');
        // Writing into a text never fails.
        let _ = match (is_plain, is_ascii) {
            (true, true) => text.write_char(letter),
            (true, false) if letter != '\\' => text.write_char(letter),
            (false, true) => write!(text, "+{:02X}", u32::from(letter)),
            (_, false) => write!(text, "\\x{{{:02X}}}", u32::from(letter)),
        };
    }
    if text.len() - start > ORCPT_MAX {
        text.truncate(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn said(to: &str, return_path: &str, dsn: bool) -> String {
        let (to, return_path) = (address(to), address(return_path));
        let envelope = Envelope { to: &to, return_path: &return_path, beyond_ascii: !to.as_str().is_ascii() };
        let commands = Commands::of(envelope, dsn);
        assert_eq!(commands.each().concat(), commands.all());
        commands.all().replace("\r\n", "|")
    }

    #[test]
    fn a_server_that_offers_dsn_is_told_how_to_report_and_any_other_is_not() {
        for (to, return_path, dsn, expected) in [
            (
                "ana+news@example.com",
                "b+abc234@in.example",
                true,
                "MAIL FROM:<b+abc234@in.example> RET=HDRS ENVID=abc234|\
                 RCPT TO:<ana+news@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ana+2Bnews@example.com|DATA|",
            ),
            (
                "ana+news@example.com",
                "b+abc234@in.example",
                false,
                "MAIL FROM:<b+abc234@in.example>|RCPT TO:<ana+news@example.com>|DATA|",
            ),
            (
                "a=b@example.com",
                "service@example.com",
                true,
                "MAIL FROM:<service@example.com> RET=HDRS|\
                 RCPT TO:<a=b@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+3Db@example.com|DATA|",
            ),
            (
                "\u{7528}+1@\u{4f8b}\u{3048}.jp",
                "u@example.com",
                true,
                "MAIL FROM:<u@example.com> BODY=8BITMIME SMTPUTF8 RET=HDRS|RCPT TO:<\u{7528}+1@xn--r8jz45g.jp> \
                 NOTIFY=FAILURE,DELAY ORCPT=utf-8;\\x{7528}\\x{2B}1@xn--r8jz45g.jp|DATA|",
            ),
        ] {
            assert_eq!(said(to, return_path, dsn), expected);
        }
    }

    #[test]
    fn an_original_address_that_is_too_long_once_it_is_written_for_reports_is_left_out() {
        let label = "a".repeat(59);
        let domain = format!("{label}.{label}.{label}.example");
        let said_to =
            |plus: usize| said(&format!("\u{fc}{}@{domain}", "+".repeat(plus)), "u@example.com", true);
        assert!(said_to(48).contains("NOTIFY=FAILURE,DELAY ORCPT=utf-8;\\x{FC}\\x{2B}"));
        assert!(said_to(49).contains("NOTIFY=FAILURE,DELAY|DATA|"));
    }
}
