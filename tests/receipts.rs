//! The receipt of what a person decided, which anybody can check, and the reason that they may give for it.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use mannerly::domain::consent::permission::Kind;
use mannerly::secret::{hex, sha256};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use crate::person::{ONE_CLICK, Person};
use crate::support::form::BrowserForm;
use crate::support::http::link_to;
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the signature of a receipt with a published key, as its reader does, and returns what was signed.
pub(crate) async fn verified(server: &TestServer, file: &Value) -> Value {
    let part = |name: &str| file[name].as_str().unwrap();
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let header: Value = serde_json::from_slice(&decoded(part("protected"))).unwrap();
    assert_eq!(header["alg"], "EdDSA");
    let published = server.get("/.well-known/receipt-keys.json").await.expect(200).json();
    let keys = published["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key should be published");
    let public = UnparsedPublicKey::new(&ED25519, decoded(key["x"].as_str().unwrap()));
    let text = format!("{}.{}", part("protected"), part("payload"));
    public.verify(text.as_bytes(), &decoded(part("signature"))).expect("the signature should be good");
    serde_json::from_slice(&decoded(part("payload"))).unwrap()
}

both_databases! {
    async fn the_receipt_of_unsubscribing_proves_the_words_that_were_shown(server: TestServer) {
        let person = Person::reader(&server);
        let page = server.post_form(&person.unsubscribe(&server), &ONE_CLICK).await.expect(200).text;
        assert!(page.contains("<h1>You are unsubscribed</h1>") && page.contains("Newsletter by post"));
        let file = server.get(link_to(&page, "/receipt.json")).await.expect(200).json();
        let signed = verified(&server, &file).await;
        let event = &signed["events"][0];
        assert_eq!(event["event_state"], "ConsentWithdrawn");
        assert_eq!(event["wording"], "all marketing email from Civic Notes");
        assert_eq!(event["wording_sha256"], hex(&sha256(event["wording"].as_str().unwrap().as_bytes())));
        assert_eq!(signed["parties"][0]["party_name"], person.brand.legal_name);
        // Pressed again: the same page, without another act.
        let before = server.snapshot();
        let again = server.post_form(&person.unsubscribe(&server), &ONE_CLICK).await.expect(200).text;
        assert_eq!(link_to(&again, "/receipt.json"), link_to(&page, "/receipt.json"));
        assert_eq!(server.snapshot(), before);
        // The receipt says the same, word for word, also later and whatever the brand calls itself then.
        server.advance(DAY);
        server.write(|conn, _| {
            use diesel::prelude::*;
            use mannerly::db::schema::{brand, topic};
            diesel::update(brand::table)
                .set((brand::legal_name.eq("Other Ltd"), brand::policy_url.eq("https://other.example/")))
                .execute(conn)?;
            Ok(diesel::update(topic::table).set(topic::name.eq("Other")).execute(conn)?)
        });
        assert_eq!(server.get(link_to(&page, "/receipt.json")).await.expect(200).json(), file);
    }

    async fn a_receipt_says_what_may_be_counted_and_in_which_language_that_was_read(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        let url = person.preferences(&server);
        let choices = server.form(&url, "save").await.tick("choice", "transport:email").tick("permission", "clicks");
        let saved = server.press(&choices).await.expect(200).text;
        let facts = saved.split("May be recorded</dt><dd>").nth(1).unwrap().split("</dd>").next().unwrap();
        assert_eq!(facts, "Counting when you open an email\nCounting when you follow a link");
        let file = server.get(link_to(&saved, "/receipt.json")).await.expect(200).json();
        let processing = verified(&server, &file).await["processing"].clone();
        assert_eq!(processing["language"], "en-GB");
        let purposes = processing["purposes"].as_array().unwrap();
        let tracking: Vec<&Value> = purposes.iter().filter(|purpose| purpose["scope"]["type"] == "tracking").collect();
        assert_eq!((purposes.len(), tracking.len()), (5, 2), "three topics in a way each, and two permissions");
        for (purpose, kind, data) in [(tracking[0], "opens", "pd:Behavioral"), (tracking[1], "clicks", "pd:LinkClicked")] {
            assert_eq!((&purpose["scope"]["permission"], &purpose["lawful_basis"]), (&kind.into(), &"consent".into()));
            assert_eq!(purpose["pii_information"][0]["pii_type"], data);
            assert_eq!(purpose["purpose_type"][0], "dpv:ServiceUsageAnalytics");
        }
        let told = server.press(&server.form(&url, "no-tracking").await).await.expect(200).text;
        assert!(told.contains("May be recorded</dt><dd>Nothing</dd>"), "{told}");
        let file = server.get(link_to(&told, "/receipt.json")).await.expect(200).json();
        let signed = verified(&server, &file).await;
        assert_eq!(signed["processing"]["purposes"].as_array().unwrap().len(), 3);
        assert_eq!(signed["not_covered"].as_array().unwrap().len(), 3);
    }

    async fn a_reason_is_counted_once_without_the_person_and_may_be_left_out(server: TestServer) {
        use mannerly::domain::consent::unsubscribe_reason;
        use mannerly::domain::preferences::reason;
        let person = Person::reader(&server);
        let page = server.post_form(&person.unsubscribe(&server), &ONE_CLICK).await.expect(200).text;
        let open = BrowserForm::with_button(&page, "reason");
        let before = server.snapshot();
        server.press(&open).await.expect(200);
        server.post_form(&open.action, &[("action", "reason"), ("reason", "none of these")]).await.expect(422);
        assert_eq!(server.snapshot(), before, "an open question changes nothing");
        let told = open.tick("reason", "too_many");
        for _ in 0..3 {
            assert!(server.press(&told).await.expect(200).text.contains("Thank you. It is counted"));
        }
        let counted = server.read(|conn| unsubscribe_reason::of_campaign(conn, crate::person::CAMPAIGN));
        assert_eq!(counted, [(reason::Reason::TooMany, 1)]);
        let rows = server.snapshot();
        let row = rows.iter().find(|row| row.starts_with("unsubscribe_reason: ")).unwrap();
        assert!(!row.contains("subscriber"), "{row}");
    }

    async fn a_report_has_the_reasons_and_none_of_few_people(server: TestServer) {
        let brand = server.demo_brand();
        server.readers(&brand, 40);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let reasons = [("too_many", 12), ("not_for_me", 3), ("never_asked", 3), ("other", 3), ("", 9)];
        let given = reasons.iter().flat_map(|(reason, people)| std::iter::repeat_n(*reason, *people));
        for (mail, reason) in server.mails().iter().zip(given) {
            let page = server.post_form(&mail.link("/u/"), &ONE_CLICK).await.expect(200).text;
            if !reason.is_empty() {
                server.press(&BrowserForm::with_button(&page, "reason").tick("reason", reason)).await.expect(200);
            }
        }
        let (key, path) = (crate::api::admin(&server), format!("/campaigns/{}/report", campaign.public_id));
        let told = server.api(&key, "GET", &path, Value::Null).await.expect(200).json()["unsubscribe_reasons"].clone();
        assert_eq!(told["total"], ">20", "nine did not say, and are few");
        let people: Vec<&Value> = told["reasons"].as_array().unwrap().iter().map(|reason| &reason["people"]).collect();
        assert_eq!(people, ["hidden", "<10", "<10", "<10"]);
        assert_eq!(told["reasons"][0]["text"], "It came too often");
        let csv = server.api(&key, "GET", &format!("{path}.csv"), Value::Null).await.expect(200).text;
        assert!(csv.contains("unsubscribe_reason,Something else,other,<10"), "{csv}");
    }
}
