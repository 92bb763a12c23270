//! Letters of a campaign as a receiver reads them.

use mail_parser::{MessageParser, PartType};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mail::read::Received;
use crate::mail::template::{Fields, Kind};

const FIELDS: Fields<'static> = Fields { always: &["a", "b", "list"], optional: &["c"] };

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn common() -> Common {
    Common {
        complaints_to: None,
        from: Sender { name: String::from("Brand News"), address: address("news@brand.test") },
        reply_to: Some(address("hello@brand.test")),
        list_id: String::from("grants.news.brand.test"),
        list_name: String::from("Grants and Funding newsletter"),
        one_click: true,
        feedback_id: String::from("c-7:t-grants:b-brand:brand00001"),
    }
}

fn template(name: &str, source: &str, kind: Kind) -> Template {
    Template::parse(name, source, kind, FIELDS).expect(source)
}

fn frame(common: &Common, subject: &str, html: &str, text: &str) -> Result<Frame> {
    Frame::new(
        common,
        &template("subject", subject, Kind::Plain),
        &template("html", html, Kind::Html),
        &template("text", text, Kind::Plain),
    )
}

/// A letter with this value for each field.
fn write(frame: &Frame, value: &str) -> Result<Vec<u8>> {
    write_with(frame, &Merge::of(&json!({ "a": value, "b": value, "c": value, "list": [value, "-"] })))
}

fn write_with(frame: &Frame, values: &Merge) -> Result<Vec<u8>> {
    let own = Own {
        to: &address("ana@example.com"),
        message_id: "abcdef234567",
        date: Moment::parse("2026-11-21T10:02:11Z").unwrap(),
        unsubscribe_url: "https://news.brand.test/u/TOKEN",
        unsubscribe_mail: Some(&address("u+token@in.brand.test")),
        values,
    };
    frame.write(&own, Vec::new())
}

fn refusal(written: Result<Vec<u8>>) -> String {
    match written {
        Err(Error::Invalid(problems)) => problems.iter().map(|problem| problem.field.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

/// What every letter is, whatever is in it.
fn assert_well_formed(octets: &[u8]) {
    let message = std::str::from_utf8(octets).unwrap();
    assert!(message.ends_with("--\r\n"));
    assert_eq!(message.matches('\n').count(), message.matches("\r\n").count());
    assert_eq!(message.matches('\r').count(), message.matches("\r\n").count());
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    assert!(head.split("\r\n").all(|line| line.len() <= 998 && !line.trim().is_empty()), "{head}");
    assert!(body.is_ascii() && body.split("\r\n").all(|line| line.len() <= 76), "{body}");
    assert!(!body.contains("\r\n."), "nothing is left to stuff");
    for word in head.split("=?utf-8?").skip(1) {
        assert!(word.find("?=").unwrap() + "=?utf-8??=".len() <= 75, "{word}");
    }
    let mut names: Vec<_> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(": ").unwrap().0)
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[test]
fn a_letter_has_each_header_once() {
    let octets = write(&frame(&common(), "News", "<p>Hello</p>", "Hello").unwrap(), "x").unwrap();
    assert_well_formed(&octets);
    insta::assert_snapshot!(String::from_utf8(octets).unwrap().replace("\r\n", "\n"));
}

#[test]
fn one_click_is_promised_only_when_it_will_be_signed() {
    let unsigned = Common { one_click: false, ..common() };
    let octets = write(&frame(&unsigned, "News", "x", "x").unwrap(), "x").unwrap();
    let letter = Received::read(&octets).unwrap();
    assert_ne!(letter.header("List-Unsubscribe"), "");
    assert_eq!(letter.header("List-Unsubscribe-Post"), "");
}

#[test]
fn subjects_and_names_beyond_ascii_come_back_as_they_were() {
    let name = "Ž, \"B\"";
    let phrase = "Žluťoučký kůň úpěl ďábelské ódy, 日本語 a dál";
    let common = Common {
        from: Sender { name: name.to_owned(), ..common().from },
        list_name: phrase.to_owned(),
        ..common()
    };
    let long = "many short words ".repeat(15);
    for subject in [
        "😀".repeat(200),
        "Ž, \"B\" (c) <d@e.test>".to_owned(),
        "=?utf-8?q?not_encoded?=".to_owned(),
        "two  spaces".to_owned(),
        long.trim().to_owned(),
        "x".repeat(255),
    ] {
        let octets = write(&frame(&common, "{{ a }}", "x", "x").unwrap(), &subject).unwrap();
        assert_well_formed(&octets);
        let message = MessageParser::new().parse(&octets).unwrap();
        assert_eq!(message.subject(), Some(subject.as_str()));
        let from = message.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (Some(name), Some("news@brand.test")));
        let list = message.header_raw("List-Id").unwrap();
        assert!(list.trim_end().ends_with("\r\n <grants.news.brand.test>"), "{list}");
        let as_subject =
            format!("Subject: {}\r\n\r\n", list.trim().replace("\r\n <grants.news.brand.test>", ""));
        assert_eq!(MessageParser::new().parse(as_subject.as_bytes()).unwrap().subject(), Some(phrase));
    }
}

#[test]
fn what_could_begin_a_header_of_its_own_is_refused() {
    let evil = || String::from("x\r\nBcc: v@example.com");
    let from = |name| Sender { name, address: address("news@brand.test") };
    for (common, field) in [
        (Common { from: from(evil()), ..common() }, "from_name"),
        (Common { list_id: evil(), ..common() }, "list_id"),
        (Common { list_name: evil(), ..common() }, "list_name"),
        (Common { feedback_id: evil(), ..common() }, "feedback_id"),
    ] {
        assert_eq!(refusal(frame(&common, "x", "x", "x").map(|_| Vec::new())), field);
    }
    let letters = frame(&common(), "{{ a }}", "x", "x").unwrap();
    for value in
        [&evil(), "a\nb", "a\rb", "a\tb", "a\0b", "a\u{7f}b", "a\u{85}b", "a\u{2028}b", &"x".repeat(256)]
    {
        assert_eq!(refusal(write(&letters, value)), "subject", "{value:?}");
    }
    let values = Merge::of(&json!({ "a": "x" }));
    let to = address("ana@example.com");
    let own = Own {
        to: &to,
        message_id: "a",
        date: Moment::from_micros(0),
        unsubscribe_url: "https://x.test/u",
        unsubscribe_mail: None,
        values: &values,
    };
    letters.write(&own, Vec::new()).unwrap();
    for url in [&format!("https://x.test/{}", evil()), "http://x.test/u", "https://x.test/>,<https://y"] {
        assert_eq!(
            refusal(letters.write(&Own { unsubscribe_url: url, ..own }, Vec::new())),
            "unsubscribe_url"
        );
    }
    assert_eq!(refusal(letters.write(&Own { message_id: &evil(), ..own }, Vec::new())), "message_id");
}

#[test]
fn a_feedback_id_has_at_most_four_different_words_and_a_sender_of_5_to_15_characters() {
    let with = |text: &str| frame(&Common { feedback_id: text.to_owned(), ..common() }, "x", "x", "x");
    for good in ["brand00001", "a:b:c:12345", "a:123456789012345"] {
        with(good).unwrap();
    }
    for bad in [
        "",
        "a:b:c",
        "a:b:c:d:12345",
        "a:a:12345",
        "12345:a:12345",
        "a:1234",
        "a:1234567890123456",
        "a::12345",
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
}

#[test]
fn html_that_mailbox_providers_would_cut_is_refused_whatever_it_takes_encoded() {
    let letters = frame(&common(), "x", "{{ a }}", "x").unwrap();
    for letter in ["x", "é", "日"] {
        let fits = letter.repeat(HTML_OCTETS_MAX / letter.len());
        assert_well_formed(&write(&letters, &fits).unwrap());
        assert_eq!(refusal(write(&letters, &format!("{fits}{letter}"))), "html");
    }
}

#[test]
fn a_line_of_any_length_is_wrapped_and_two_megabytes_are_refused() {
    let letters = frame(&common(), "x", "x", "{{ a }}").unwrap();
    let octets = write(&letters, &"x".repeat(OUTPUT_OCTETS_MAX)).unwrap();
    assert_well_formed(&octets);
    assert_eq!(Received::read(&octets).unwrap().text.len(), OUTPUT_OCTETS_MAX + 2);
    assert_eq!(refusal(write(&letters, &"x".repeat(2 * OUTPUT_OCTETS_MAX))), "text");
    assert_eq!(refusal(write(&letters, &"é".repeat(OUTPUT_OCTETS_MAX))), "text");
}

#[test]
fn an_author_s_html_becomes_a_letter_with_the_same_links_in_both_parts() {
    use crate::mail::{html, text};

    let source = "<html><body><p>Dear {{ first_name|default(\"reader\") }}, <a href='https://a.example/?x=1&amp;y=2'>\
                  read</a></p></body></html>";
    let found = html::links(source, &["unsubscribe_url"]).unwrap();
    let slot = |url: &str| {
        found.iter().position(|link| link.url == url).map(|number| format!("{{{{ links.l{number} }}}}"))
    };
    let pixel = "{% if pixel_url %}<img src=\"{{ pixel_url }}\" alt=\"\">{% endif %}";
    let footer = "<a href=\"{{ unsubscribe_url }}\">Unsubscribe</a>";
    let ready_html = html::prepare(source, slot, footer, pixel).unwrap();
    let ready_text =
        text::prepare(&html::to_text(source).unwrap(), slot, "Unsubscribe: {{ unsubscribe_url }}");
    let fields = Fields { always: &["unsubscribe_url", "links.*"], optional: &["first_name", "pixel_url"] };
    let values = Merge::of(&json!({
        "first_name": "Žoë <3",
        "unsubscribe_url": "https://brand.test/u/T",
        "links": { "l0": "https://a.example/?x=1&y=2" },
    }));
    let letters = Frame::new(
        &common(),
        &template("subject", "x", Kind::Plain),
        &Template::parse("html", &ready_html, Kind::Html, fields).unwrap(),
        &Template::parse("text", &ready_text, Kind::Plain, fields).unwrap(),
    );
    let letter = Received::read(&write_with(&letters.unwrap(), &values).unwrap()).unwrap();
    assert_eq!(
        letter.html.trim_end(),
        "<html><body><p>Dear Žoë &lt;3, <a href=\"https://a.example/?x=1&amp;y=2\">read</a></p>\
         <a href=\"https://brand.test/u/T\">Unsubscribe</a></body></html>"
    );
    assert_eq!(
        letter.text.trim_end(),
        "Dear Žoë <3, read <https://a.example/?x=1&y=2>\r\n\r\nUnsubscribe: https://brand.test/u/T"
    );
}

/// The decoded parts of a letter, text first, without the line break that each part ends with.
fn parts(octets: &[u8]) -> (String, String) {
    let message = MessageParser::new().parse(octets).unwrap();
    let mut parts = message.parts.iter().filter_map(|part| match &part.body {
        PartType::Text(_) | PartType::Html(_) => Some(String::from_utf8(part.contents().to_vec()).unwrap()),
        _ => None,
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

const LITERAL: &str = "([ \t.=\r\n<&-]|From |\r\n|--=_mannerly|[a-z ]{1,120}|é|日|😀|\\PC){0,20}";
const VALUE: &str = "([ \t.=\r\n\u{0}<&\"'{}%]|From |\r\n|--=_mannerly--|[a-z]{1,120}|é|\\PC){0,30}";
const TAG: &str = "\\{\\{-? (a|b|c\\|default\\('=\n.é'\\)|a\\|upper) -?\\}\\}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn a_letter_says_byte_for_byte_what_the_preview_says(
        pieces in proptest::collection::vec((LITERAL, TAG, proptest::bool::ANY, proptest::bool::ANY), 0..6),
        a in VALUE,
        b in VALUE,
        c in proptest::option::of(VALUE),
    ) {
        let mut source = String::from(" ");
        for (literal, tag, looped, chosen) in pieces {
            let (open, close) = match (looped, chosen) {
                (true, _) => ("{% for one in list %}{{ one }}", "{%- endfor %}"),
                (false, true) => ("{% if c -%}", "{% else %}.{% endif %}"),
                (false, false) => ("", "{# - #}"),
            };
            source.push_str(&format!("{literal}{open}{tag}{literal}{close}"));
        }
        let values = Merge::of(&json!({ "a": a, "b": b, "c": c, "list": [a, b] }));
        let parse = |name, kind| Template::parse(name, &source, kind, FIELDS);
        // What the pieces happen to make may be no template.
        let (Ok(html), Ok(text)) = (parse("html", Kind::Html), parse("text", Kind::Plain)) else { return Ok(()) };
        let subject = template("subject", "x", Kind::Plain);
        let octets = write_with(&Frame::new(&common(), &subject, &html, &text).unwrap(), &values).unwrap();
        assert_well_formed(&octets);
        let on_the_wire = |template: &Template| {
            let plain = template.render(&values).unwrap().replace('\0', "").replace('\n', "\r\n");
            if plain.ends_with("\r\n") { plain } else { format!("{plain}\r\n") }
        };
        prop_assert_eq!(parts(&octets), (on_the_wire(&text), on_the_wire(&html)));
    }

    #[test]
    fn any_subject_and_name_is_one_header_or_refused(subject in "\\PC{0,300}|.{0,40}", name in "\\PC{0,60}") {
        let common = Common { from: Sender { name, ..common().from }, ..common() };
        let Ok(letters) = frame(&common, "{{ a }}", "x", "x") else { return Ok(()) };
        if let Ok(octets) = write(&letters, &subject) {
            assert_well_formed(&octets);
            let read = MessageParser::new().parse(&octets).unwrap();
            prop_assert_eq!(read.subject().unwrap_or_default(), subject.trim());
        }
    }
}
