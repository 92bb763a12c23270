//! The link of a confirmation mail after the brand had to ask everybody again.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::schema::permission;
use mannerly::domain::consent::ledger;
use serde_json::Value;

use crate::sign_up::{sign_up, sign_up_for_the_newsletter, states};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The brand asks everybody again who agreed before `from`, perhaps with new words.
async fn ask_again(server: &TestServer, from: Moment, words: Option<&str>) {
    let key = crate::api::admin(server);
    let mut brand = server.api(&key, "GET", "/brands/civic", Value::Null).await.expect(200).json();
    let fields = brand.as_object_mut().unwrap();
    fields.retain(|name, _| !["changed_at", "created_at"].contains(&name.as_str()));
    fields.insert("refresh_consents_before".into(), from.to_string().into());
    if let Some(words) = words {
        fields.insert("consent_wording".into(), words.into());
        fields.insert("policy_version".into(), "2".into());
    }
    server.api(&key, "PUT", "/brands/civic", brand).await.expect(200);
}

async fn mailed_link(server: &TestServer, address: &str) -> String {
    server.run_jobs().await;
    server.mail_to(address).link("/confirm/")
}

fn permissions(server: &TestServer) -> i64 {
    server.read(|conn| Ok(permission::table.count().get_result(conn)?))
}

both_databases! {
    async fn what_was_asked_for_before_everybody_is_asked_again_is_not_granted_by_its_old_link(server: TestServer) {
        server.demo_brand();
        let asked = [("choice", "newsletter:email"), ("choice", "transport:email"), ("permission", "opens")];
        sign_up(&server, "ana@example.com", &asked).await.expect(200);
        let old = mailed_link(&server, "ana@example.com").await;
        server.advance(Duration::from_secs(60));
        ask_again(&server, server.now(), Some("New words: yes, send me what I tick.")).await;
        let before = server.snapshot();
        let page = server.get(&old).await.expect(410).text;
        assert!(page.contains("began to ask everybody anew") && page.contains("/b/civic/sign-up"), "{page}");
        server.confirm(&old).await.expect(410);
        assert_eq!(server.snapshot(), before);

        // Asked for again the same day, there is a link that works, for that alone and under the new words.
        server.advance(Duration::from_secs(60));
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let new = mailed_link(&server, "ana@example.com").await;
        let done = server.confirm(&new).await.expect(200).text;
        assert!(done.contains("Newsletter by email") && !done.contains("Transport"), "{done}");
        assert_eq!((states(&server), permissions(&server)), (vec!["granted".into(), "pending".into()], 0));
        let person = server.person_id("ana@example.com");
        let grant = server.read(|conn| ledger::of_subscriber(conn, person, 0, 100)).pop().unwrap();
        assert!(grant.wording.starts_with("New words") && grant.policy_version == "2", "{}", grant.wording);
        server.confirm(&old).await.expect(410);
    }

    async fn asked_for_again_under_the_same_words_it_can_be_confirmed(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let old = mailed_link(&server, "ana@example.com").await;
        server.advance(Duration::from_secs(60));
        ask_again(&server, server.now(), None).await;
        server.confirm(&old).await.expect(410);
        server.advance(Duration::from_secs(60));
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        server.confirm(&mailed_link(&server, "ana@example.com").await).await.expect(200);
        assert_eq!(states(&server), ["granted"]);
    }

    async fn a_link_works_until_the_moment_from_which_everybody_is_asked_again(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let link = mailed_link(&server, "ana@example.com").await;
        ask_again(&server, server.now().plus(DAY), None).await;
        server.get(&link).await.expect(200);
        server.advance(DAY);
        server.get(&link).await.expect(410);
    }
}
