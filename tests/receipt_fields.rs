//! Every field of a receipt, with the names and meanings of ISO/IEC TS 27560:2023 (C-01): whoever keeps the file finds in it
//! who may do what with which data, for how long, on what ground, how to end it, and what was said when.

use mannerly::clock::Moment;
use mannerly::domain::catalog::Channel;
use mannerly::domain::catalog::notice::{self, NoticeForm};
use mannerly::domain::consent::opt_in::{Answer, Basis};
use mannerly::secret::{hex, sha256};
use serde_json::{Value, json};

use crate::person::Person;
use crate::receipts::verified;
use crate::support::http::link_to;
use crate::support::server::START;

/// The text of the notice in force.
const NOTICE: &str = "# What we keep\n\nYour address.";

/// What is the same for everything that one gets by email.
fn by_email(topic: (&str, &str, &str), ends: Value) -> Value {
    let (name, slug, kind) = topic;
    json!({
        "purpose": format!("{name} by email"),
        "purpose_type": ["dpv:DirectMarketing"],
        "lawful_basis": "consent",
        "scope": { "entity": "civic", "topic": slug, "type": kind, "channel": "email" },
        "pii_information": [{ "pii_type": "pd:EmailAddress" }],
        "processing_method": ["store", "send"],
        "storage_locations": ["as the privacy notice says"],
        "retention_period": "until it is withdrawn; the record of it for as long as it may have to be proved",
        "recipient_third_parties": ["the mail servers that carry the emails"],
        "withdrawal_method": ["the unsubscribe button of the mail program", "the links in each email", "the preference page"],
        "valid_until": ends,
    })
}

fn clicks() -> Value {
    json!({
        "purpose": "Counting when a link is followed",
        "purpose_type": ["dpv:ServiceUsageAnalytics"],
        "lawful_basis": "consent",
        "scope": { "entity": "civic", "type": "tracking", "permission": "clicks", "channel": "email" },
        "pii_information": [{ "pii_type": "pd:LinkClicked" }],
        "processing_method": ["store", "count"],
        "storage_locations": ["as the privacy notice says"],
        "retention_period": "as long as the words that were agreed to say; deleted as soon as it is withdrawn",
        "recipient_third_parties": [],
        "withdrawal_method": ["the links in each email", "the preference page"],
        "valid_until": null,
    })
}

both_databases! {
    async fn every_field_says_what_the_standard_means_by_it(server: TestServer) {
        let person = Person::reader(&server);
        let form = NoticeForm { version: "1.1".into(), language: None, valid_from: None, text: NOTICE.into() };
        server.write(|conn, now| notice::add(conn, &person.brand, &form, now));
        server.run_jobs().await;
        let ends = Moment::parse("2027-06-30T00:00:00Z").unwrap();
        person.answer(&server, "webinars", Channel::Email, Answer::Granted(Basis::Consent, Some(ends)));
        let choices = server.form(&person.preferences(&server), "save").await
            .untick("choice", "newsletter:email")
            .untick("choice", "newsletter:post")
            .tick("choice", "transport:email")
            .tick("permission", "clicks")
            .set("at_most", "weekly");
        let page = server.press(&choices).await.expect(200).text;
        let file = server.get(link_to(&page, "/receipt.json")).await.expect(200).json();
        let signed = verified(&server, &file).await;
        assert_eq!(file["keys_url"], format!("{}/.well-known/receipt-keys.json", person.brand.base_url));

        let told = server.read(|conn| mannerly::domain::audience::subscriber::get(conn, person.id)).public_id.to_string();
        assert_eq!(signed["pii_principal_id"], told);
        let field = |name: &str| signed[name].clone();
        assert_eq!(signed.as_object().unwrap().len(), 12, "a field more wants a line here");
        assert!(uuid::Uuid::parse_str(field("record_id").as_str().unwrap()).is_ok());
        for (name, wanted) in [
            ("schema", json!("urn:mannerly:receipt:1")),
            ("profile", json!("ISO/IEC TS 27560:2023")),
            ("made_at", json!(START)),
            ("act", json!("saved")),
            ("not_covered", json!(["tracking: opens", "tracking: profiling"])),
            ("paused_until", Value::Null),
            ("at_most", json!("weekly")),
            ("parties", json!([{
                "party_id": "civic", "party_role": "controller", "party_type": "organisation",
                "party_name": "Civic Notes Publishing Ltd",
                "party_address": "1 Example Street, Exampleton EX1 1EX, United Kingdom",
                "party_contact": "privacy@civic.example.com",
            }])),
            ("processing", json!({
                "privacy_notice": {
                    "version": "1.1", "url": format!("{}/b/civic/privacy/1.1", person.brand.base_url),
                    "sha256": hex(&sha256(NOTICE.as_bytes())),
                },
                "language": "en-GB",
                "jurisdiction": "as the privacy notice says",
                "purposes": [
                    by_email(("Videos, Podcasts and Webinars", "webinars", "communication"), json!(ends)),
                    by_email(("Transport", "transport", "subject"), Value::Null),
                    clicks(),
                ],
            })),
        ] {
            assert_eq!(field(name), wanted, "{name}");
        }

        let events = field("events");
        let said = |event: &Value| [&event["subject"], &event["event_state"]].map(|said| said.as_str().unwrap().to_owned());
        assert_eq!(events.as_array().unwrap().iter().map(said).collect::<Vec<_>>(), [
            ["Newsletter by email", "ConsentWithdrawn"],
            ["Newsletter by post", "ConsentWithdrawn"],
            ["Transport by email", "ConsentGiven"],
            ["tracking: opens", "ConsentRefused"],
            ["tracking: clicks", "ConsentGiven"],
            ["tracking: profiling", "ConsentRefused"],
            ["no pause; at most: weekly", "ChoiceMade"],
        ]);
        for event in events.as_array().unwrap() {
            let words = event["wording"].as_str().unwrap();
            assert_eq!(event["wording_sha256"], hex(&sha256(words.as_bytes())), "{event}");
            for (name, wanted) in [
                ("event_time", json!(START)), ("event_type", json!("expressed")), ("entity_id", json!(told)),
                ("method", json!("preference_page")), ("form", json!("preferences")), ("policy_version", json!("1.1")),
                ("language", json!("en-GB")),
            ] {
                assert_eq!(event[name], wanted, "{name} of {event}");
            }
            let box_of_it = if event["event_state"] == "ChoiceMade" {
                json!({ "name": "at_most:weekly", "ticked": false })
            } else {
                json!({ "name": "transport:email", "ticked": false, "words": "Transport\nRoads, rail and buses." })
            };
            assert!(event["shown"].as_array().unwrap().contains(&box_of_it), "{event}");
        }
    }
}
