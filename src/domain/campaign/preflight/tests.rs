//! The preflight by tables: one thing changed in a sender that is in order, and what is found then.

mod spf;

use data_encoding::BASE64;

use super::*;
use crate::clock::Moment;
use crate::domain::campaign::State;
use crate::domain::campaign::compose::Format;
use crate::id::{PublicId, Slug};
use crate::mail::dkim::Algorithm;
use crate::mail::dns::Unanswered;

const KEY: [u8; 32] = [7; 32];

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn brand() -> Brand {
    Brand {
        id: 1,
        slug: Slug::parse("brand").unwrap(),
        name: "Brand".into(),
        legal_name: "Brand Ltd".into(),
        registered_address: "1 Example Street".into(),
        contact_email: address("privacy@brand.test"),
        marketing_from: address("hello@news.brand.test"),
        service_from: address("service@news.brand.test"),
        reply_to: Some(address("office@brand.test")),
        base_url: "https://news.brand.test".into(),
        policy_url: "https://brand.test/privacy".into(),
        policy_version: "1".into(),
        consent_wording: "Yes".into(),
        refresh_consents_before: None,
        anonymous_tracking: false,
        changed_at: Moment::from_micros(0),
        incoming_domain: Some("in.brand.test".into()),
        relay: None,
        accent: None,
        accent_dark: None,
        language: None,
    }
}

/// A sender in order.
fn facts() -> Facts {
    let key = PublishedKey {
        domain: "news.brand.test".into(),
        selector: "e1".into(),
        algorithm: Algorithm::Ed25519Sha256,
        public_key: KEY.to_vec(),
    };
    Facts {
        brand: brand(),
        return_path: None,
        relay_signs: false,
        keys: vec![key.clone()],
        waiting: vec![],
        service_keys: vec![key],
        are_local: false,
        relays: vec![],
        letter: None,
    }
}

type Record<'a> = (Question, &'a str);

/// The records that are taken away, what is put there instead, and what is found then.
type Row<'a> = (Question, Vec<Record<'a>>, Vec<(&'a str, Level)>);

fn txt(name: &str) -> Question {
    Question::Txt(name.into())
}

fn mx(name: &str) -> Question {
    Question::Mx(name.into())
}

/// Its records.
fn records() -> Vec<(Question, String)> {
    let key = format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&KEY));
    [
        (mx("news.brand.test"), "mx.brand.test"),
        (mx("brand.test"), "mx.brand.test"),
        (mx("in.brand.test"), "mannerly.brand.test"),
        (txt("in.brand.test"), "v=spf1 ip4:192.0.2.1 -all"),
        (txt("in.brand.test"), "some other text"),
        (txt("e1._domainkey.news.brand.test"), &key),
        (txt("_dmarc.brand.test"), "v=DMARC1; p=reject"),
        (txt("news.brand.test"), "v=spf1 mx -all"),
    ]
    .map(|(question, record)| (question, record.to_owned()))
    .to_vec()
}

fn answers(facts: &Facts, records: &[(Question, String)]) -> Answers {
    let at = |question: &Question| {
        records.iter().filter(|(other, _)| other == question).map(|(_, record)| record.clone()).collect()
    };
    let mut answers = Answers::new();
    let mut questions = facts.questions();
    while !questions.is_empty() {
        answers.extend(questions.into_iter().map(|question| (question.clone(), Ok(at(&question)))));
        questions = facts.further_questions(&answers);
    }
    answers
}

fn codes(facts: &Facts, records: &[(Question, String)]) -> Vec<(&'static str, Level)> {
    let findings = facts.findings(Some(&answers(facts, records)));
    findings.iter().map(|finding| (finding.code, finding.level)).collect()
}

use Level::{Blocking, Warning};

#[test]
fn a_sender_in_order_has_no_findings() {
    assert_eq!(facts().findings(Some(&answers(&facts(), &records()))), []);
    assert_eq!(facts().findings(None), [], "without DNS");
}

#[test]
fn each_record_that_is_wrong_is_found() {
    let key_name = "e1._domainkey.news.brand.test";
    let other_key = format!("k=ed25519; p={}", BASE64.encode(&[8; 32]));
    let rsa = format!("v=DKIM1; p={}", BASE64.encode(&KEY));
    let split = format!("k=ed25519; p={} {}", &BASE64.encode(&KEY)[..10], &BASE64.encode(&KEY)[10..]);
    let spf = || txt("in.brand.test");
    let dmarc = || txt("_dmarc.brand.test");
    let null = || vec![(mx("brand.test"), "")];
    let table: Vec<Row<'_>> = vec![
        (spf(), vec![], vec![("spf_missing", Blocking)]),
        (spf(), vec![(spf(), "v=spf10 -all")], vec![("spf_missing", Blocking)]),
        (spf(), vec![(spf(), "v=spf1 -all"), (spf(), "V=SPF1 ~all")], vec![("spf_several", Blocking)]),
        (spf(), vec![(spf(), "v=spf1 -all")], vec![("spf_permits_nobody", Blocking)]),
        (
            spf(),
            vec![(spf(), "v=spf1 ip:192.0.2.1 mx/24 exp=why.test -all")],
            vec![("spf_unknown_word", Warning)],
        ),
        (spf(), vec![(spf(), "v=spf1 +all")], vec![("spf_open", Warning)]),
        (spf(), vec![(spf(), "v=spf1 mx all")], vec![("spf_open", Warning)]),
        (spf(), vec![(spf(), "v=spf1 mx ?ALL")], vec![("spf_open", Warning)]),
        (spf(), vec![(spf(), "v=spf1 mx")], vec![("spf_without_end", Warning)]),
        (
            spf(),
            vec![(spf(), "v=spf1 redirect=_spf.relay.test"), (txt("_spf.relay.test"), "v=spf1 mx -all")],
            vec![],
        ),
        (
            spf(),
            vec![(spf(), "v=spf1  include:Relay.test. ~all"), (txt("relay.test"), "v=spf1 mx ?all")],
            vec![],
        ),
        (txt(key_name), vec![], vec![("dkim_missing", Blocking)]),
        (txt(key_name), vec![(txt(key_name), "a note")], vec![("dkim_missing", Blocking)]),
        (txt(key_name), vec![(txt(key_name), &other_key)], vec![("dkim_other_key", Blocking)]),
        (txt(key_name), vec![(txt(key_name), &rsa)], vec![("dkim_other_key", Blocking)]),
        (txt(key_name), vec![(txt(key_name), "k=ed25519; p=?")], vec![("dkim_other_key", Blocking)]),
        (txt(key_name), vec![(txt(key_name), "v=DKIM1; p=")], vec![("dkim_revoked", Blocking)]),
        (txt(key_name), vec![(txt(key_name), &split)], vec![]),
        (
            txt(key_name),
            vec![(txt(key_name), &*format!("{split}; v=DKIM1").leak())],
            vec![("dkim_unusable", Blocking)],
        ),
        (
            txt(key_name),
            vec![(txt(key_name), &*format!("v=DKIM2; {split}").leak())],
            vec![("dkim_unusable", Blocking)],
        ),
        (
            txt(key_name),
            vec![(txt(key_name), &*format!("h=sha1; {split}").leak())],
            vec![("dkim_unusable", Blocking)],
        ),
        (
            txt(key_name),
            vec![(txt(key_name), &*format!("s=tlsrpt; {split}").leak())],
            vec![("dkim_unusable", Blocking)],
        ),
        (
            txt(key_name),
            vec![(txt(key_name), &*format!("v=dkim1; h=sha1:SHA256; s=email; {split}").leak())],
            vec![],
        ),
        (dmarc(), vec![], vec![("dmarc_missing", Blocking)]),
        (dmarc(), vec![(dmarc(), "note; v=DMARC1; p=none")], vec![("dmarc_missing", Blocking)]),
        (dmarc(), vec![(dmarc(), "v=dmarc1; p=Reject")], vec![]),
        (txt("news.brand.test"), vec![], vec![("spf_missing", Warning)]),
        (dmarc(), vec![(dmarc(), "p=none; v=DMARC1")], vec![("dmarc_missing", Blocking)]),
        (
            dmarc(),
            vec![(dmarc(), "v=DMARC1;p=none"), (dmarc(), "v=DMARC1;p=reject")],
            vec![("dmarc_missing", Blocking)],
        ),
        (
            dmarc(),
            vec![(dmarc(), "v=DMARC1; rua=mailto:d@brand.test")],
            vec![("dmarc_without_policy", Warning)],
        ),
        (dmarc(), vec![(dmarc(), "v=DMARC1; p=all")], vec![("dmarc_without_policy", Warning)]),
        (
            dmarc(),
            vec![(dmarc(), "v=DMARC1; p=none; pct=50; ri=3600")],
            vec![("dmarc_removed_tags", Warning)],
        ),
        (dmarc(), vec![(txt("_dmarc.test"), "v=DMARC1; psd=y; p=none")], vec![]),
        (mx("news.brand.test"), vec![], vec![("from_domain_missing", Blocking)]),
        (mx("news.brand.test"), vec![(Question::Address("news.brand.test".into()), "192.0.2.1")], vec![]),
        (mx("news.brand.test"), vec![(mx("news.brand.test"), "")], vec![("from_takes_no_mail", Warning)]),
        (mx("brand.test"), null(), vec![("reply_to_takes_no_mail", Warning)]),
        (mx("in.brand.test"), vec![], vec![("bounces_cannot_arrive", Blocking)]),
    ];
    for (instead_of, put, expected) in table {
        let mut records = records();
        records.retain(|(question, _)| *question != instead_of);
        records.extend(put.iter().map(|(question, record)| (question.clone(), (*record).to_owned())));
        assert_eq!(codes(&facts(), &records), expected, "{instead_of:?} {put:?}");
    }
}

#[test]
fn what_dns_does_not_answer_is_a_warning_and_blocks_nothing() {
    let facts = facts();
    for question in facts.questions() {
        let mut answers = answers(&facts, &records());
        answers.insert(question.clone(), Err(Unanswered));
        let findings = facts.findings(Some(&answers));
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["dns_unanswered"], "{question:?}");
    }
    let nothing = facts.questions().into_iter().map(|question| (question, Err(Unanswered))).collect();
    assert!(blocking(&facts.findings(Some(&nothing))).is_empty());
}

#[test]
fn dkim_or_spf_must_be_aligned_with_the_sender() {
    let elsewhere = |facts: &mut Facts| {
        facts.brand.incoming_domain = Some("bounces.relay.test".into());
        facts.keys[0].domain = "relay.test".into();
    };
    let mut records = records();
    records.push((mx("bounces.relay.test"), "mx.relay.test".into()));
    records.push((txt("bounces.relay.test"), "v=spf1 mx -all".into()));
    records.push((txt("e1._domainkey.relay.test"), records[5].1.clone()));
    let mut neither = facts();
    elsewhere(&mut neither);
    assert_eq!(codes(&neither, &records), [("dmarc_unaligned", Blocking)]);
    let mut relay_signs = facts();
    elsewhere(&mut relay_signs);
    relay_signs.keys.clear();
    relay_signs.relay_signs = true;
    assert_eq!(codes(&relay_signs, &records), [("dmarc_rests_on_relay", Warning)]);
    let mut spf_alone = facts();
    spf_alone.keys.clear();
    assert_eq!(codes(&spf_alone, &records), [("dkim_unsigned", Warning)]);
    // Strict: a domain of the same organisation is not enough any more.
    let strict = |mode: &str| {
        let mut records = records.clone();
        records.retain(|(question, _)| *question != txt("_dmarc.brand.test"));
        records.push((txt("_dmarc.brand.test"), format!("v=DMARC1; p=none; {mode}")));
        records
    };
    assert_eq!(
        codes(&spf_alone, &strict("aspf=s")),
        [("dmarc_unaligned", Blocking), ("dkim_unsigned", Warning)]
    );
    assert_eq!(codes(&spf_alone, &strict("adkim=s")), [("dkim_unsigned", Warning)]);
    assert_eq!(codes(&facts(), &strict("aspf=s; adkim=s")), [], "the key is of the very domain");
}

#[test]
fn the_envelope_sender_is_the_incoming_domain_else_the_return_path_else_the_sender() {
    let mut facts = facts();
    facts.return_path = Some(address("bounces@relay.test"));
    assert_eq!(facts.envelope_domain(), "in.brand.test");
    facts.brand.incoming_domain = None;
    assert_eq!(facts.envelope_domain(), "relay.test");
    facts.return_path = None;
    assert_eq!(facts.envelope_domain(), "news.brand.test");
}

#[test]
fn two_streams_have_two_senders_and_a_brands_relay_exists() {
    let found = |change: &dyn Fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        facts.findings(None).iter().map(|finding| (finding.code, finding.level)).collect::<Vec<_>>()
    };
    let same = |text: &'static str| {
        move |facts: &mut Facts| facts.brand.service_from = EmailAddress::parse(text).unwrap()
    };
    assert_eq!(found(&same("HELLO@News.Brand.Test")), [("same_sender", Blocking)]);
    assert_eq!(found(&same("hello+service@news.brand.test")), [("same_sender", Blocking)]);
    assert_eq!(found(&same("hello@brand.test")), []);
    assert_eq!(found(&|f| f.brand.relay = Some("fast".into())), [("relay_unknown", Blocking)]);
    let known = |f: &mut Facts| {
        f.brand.relay = Some("fast".into());
        f.relays = vec!["slow".into(), "fast".into()];
    };
    assert_eq!(found(&known), []);
    assert_eq!(
        found(&|f| f.brand.base_url = "http://localhost:8080".into()),
        [("pages_without_https", Blocking)]
    );
    let here = |f: &mut Facts| {
        f.brand.base_url = "http://127.0.0.1:8080".into();
        f.are_local = true;
    };
    assert_eq!(found(&here), [("pages_without_https", Warning)], "a relay of this machine, or a folder");
}

#[test]
fn an_rsa_key_is_the_same_with_and_without_the_frame_that_names_its_algorithm() {
    let framed: Vec<u8> = (0..=255).cycle().take(294).collect();
    let published = |bytes: &[u8], ours: &[u8]| {
        let mut facts = facts();
        facts.keys[0].algorithm = Algorithm::RsaSha256;
        facts.keys[0].public_key = ours.to_vec();
        facts.service_keys.clone_from(&facts.keys);
        let mut records = records();
        records[5].1 = format!("p={}", BASE64.encode(bytes));
        codes(&facts, &records)
    };
    assert_eq!(published(&framed, &framed), []);
    assert_eq!(published(&framed[24..], &framed), []);
    assert_eq!(published(&framed, &framed[24..]), []);
    assert_eq!(published(&framed[25..], &framed), [("dkim_other_key", Blocking)]);
}

fn campaign(html: String) -> Letter {
    let nothing = Moment::from_micros(0);
    let campaign = Campaign {
        id: 1,
        public_id: PublicId::new(),
        brand_id: 1,
        name: "November".into(),
        channel: Channel::Email,
        topic_id: 1,
        state: State::Draft,
        pause_reason: None,
        subject: "News".into(),
        html,
        text: None,
        scheduled_at: None,
        planned_at: None,
        finished_at: None,
        plan_cursor: 0,
        format: Format::Html,
        template: None,
        source: None,
        archive: false,
        language: None,
        created_at: nothing,
        changed_at: nothing,
    };
    Letter { campaign, links: Vec::new(), offered: true }
}

fn letter_codes(letter: Letter) -> Vec<(&'static str, Level)> {
    let facts = Facts { letter: Some(letter), ..facts() };
    facts.findings(None).iter().map(|finding| (finding.code, finding.level)).collect()
}

#[test]
fn the_two_links_can_be_seen_in_every_letter() {
    for (html, expected) in [
        ("<p>Hello {{ first_name|default(\"you\") }}</p>", vec![]),
        ("<html><body><div style=\"display:none\">Preheader</div><p>Hello</p></body></html>", vec![]),
        (
            "<html><body><div style=\"display:none\">Preheader<p>Hello</p></body></html>",
            vec![("link_hidden", Blocking)],
        ),
        // The frame that a fragment gets ends what was left open.
        ("<div style=\"display:none\">Preheader<p>Hello</p>", vec![]),
        (
            "<html><body>{% if company %}<div hidden>{% endif %}Hello</body></html>",
            // Only in the letter of somebody who has a company.
            vec![("link_hidden", Blocking)],
        ),
        (
            "<html><head><style>body a { display:none }</style></head><body>Hello</body></html>",
            vec![("link_may_be_hidden", Warning)],
        ),
    ] {
        let mut found = letter_codes(campaign(html.into()));
        // One for each of the two links.
        found.dedup();
        assert_eq!(found, expected, "{html}");
    }
    let letter = Letter { offered: false, ..campaign("<p>Hello</p>".into()) };
    assert_eq!(letter_codes(letter), [("topic_not_by_email", Blocking)]);
}

#[test]
fn a_letter_is_measured_with_the_longest_values_there_can_be() {
    let filled = |octets: usize, end: &str| campaign(format!("<p>{}</p>{end}", "word ".repeat(octets / 5)));
    assert_eq!(letter_codes(filled(80_000, "")), []);
    assert_eq!(letter_codes(filled(95_000, "")), [("nearly_too_large", Warning)]);
    let company = "{{ company|default(\"\") }}";
    assert_eq!(letter_codes(filled(90_000, &company.repeat(3))), [("nearly_too_large", Warning)]);
    assert_eq!(letter_codes(filled(90_000, &company.repeat(30))), [("too_large", Warning)]);
    let attribute = "{{ attributes.story|default(\"\") }}";
    assert_eq!(letter_codes(filled(90_000, &attribute.repeat(10))), [("too_large", Warning)]);
    assert_eq!(letter_codes(filled(103_000, "")), [("letter_broken", Blocking)]);
    let mut wordy = campaign("<p>Hello</p>".into());
    wordy.campaign.subject =
        "News for {{ company|default(\"you\") }} and {{ first_name|default(\"you\") }}".into();
    assert_eq!(letter_codes(wordy), [("subject_too_long", Warning)]);
}
