//! The archive of a brand: letters that their authors want there and that were sent, in general, with a feed.

use std::time::Duration;

use mannerly::domain::audience::subscriber::Profile;
use mannerly::domain::campaign::{Campaign, state};
use mannerly::domain::catalog::{Brand, topic};
use mannerly::domain::consent::permission::Kind;
use mannerly::id::Slug;
use serde_json::{Value, json};

use crate::support::people::own_source;
use crate::support::server::TestServer;

const ANA: &str = "ana@example.com";

/// Sends a letter with this subject that may be published, and takes it from the mailbox.
async fn publish(server: &TestServer, brand: &Brand, subject: &str) -> Campaign {
    let draft = server.draft(brand, |form| {
        form.subject = subject.to_owned();
        form.archive = true;
    });
    let campaign = server.write(|conn, now| state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    server.mails();
    server.advance(Duration::from_secs(60));
    campaign
}

/// What the list shows: the words of each link to a letter.
async fn listed(server: &TestServer, path: &str) -> Vec<String> {
    let page = server.get(path).await.expect(200).text;
    let links = page.split("<a href=\"/b/civic/archive/").skip(1);
    links.map(|rest| rest.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()).collect()
}

both_databases! {
    async fn a_letter_is_in_the_archive_if_its_author_said_so_and_once_it_is_sent(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        server.campaign(&brand);
        server.run_jobs().await;
        server.mail_to(ANA);
        assert_eq!(listed(&server, "/b/civic/archive").await, [""; 0], "nobody said so");
        let draft = server.draft(&brand, |form| form.archive = true);
        assert_eq!(listed(&server, "/b/civic/archive").await, [""; 0], "it is not sent");
        let path = format!("/b/civic/archive/{}", draft.public_id);
        server.get(&path).await.expect(404);
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        server.mail_to(ANA);
        assert_eq!(listed(&server, "/b/civic/archive").await, ["News for you"]);
        server.get(&path).await.expect(200);
        let page = server.get("/b/civic/archive").await.text;
        assert!(page.contains("21 November 2026") && page.contains("/b/civic/sign-up") && page.contains("archive.atom"));
    }

    async fn what_is_published_is_general_and_links_as_they_were_written(server: TestServer) {
        let brand = server.demo_brand();
        let known = Profile { first_name: Some("Anastasia".into()), ..Profile::default() };
        server.person_from(&brand, ANA, &own_source(), known).agrees("newsletter").allows(Kind::Opens).allows(Kind::Clicks);
        let draft = server.draft(&brand, |form| {
            form.html = "<p>Hello {{ first_name|default(\"reader\") }}</p><p><a href=\"{{ unsubscribe_url }}\">Stop</a>\
                <a href=\"{{ preferences_url }}\">Choose</a> <a href=\"{{ view_url }}\">See</a>\
                <a href=\"https://example.org/a?x=1&amp;y=2#top\">First</a></p>".into();
            form.archive = true;
        });
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        let mail = server.mail_to(ANA);
        assert!(mail.html.contains("Anastasia"));
        let page = server.get(&format!("/b/civic/archive/{}", draft.public_id)).await.expect(200);
        assert!(page.text.contains("Hello reader") && page.text.contains("https://example.org/a?x=1&amp;y=2#top"));
        assert!(page.text.contains("<title>News for you</title>") && page.text.contains("Published by Civic Notes."));
        for sign in ["Anastasia", "/u/", "/p/", "/o/", "/c/", "/v/", "You get this email"] {
            assert!(!page.text.contains(sign), "{sign}: {}", page.text);
        }
        let own = format!("{}/b/civic/link", brand.base_url);
        assert_eq!(page.text.matches(&own).count(), 2, "nobody's own links lead to where everybody gets theirs");
        assert!(page.text.contains(&format!("{}/b/civic/archive/{}", brand.base_url, draft.public_id)));
        assert!(page.header("content-security-policy").contains("sandbox"));
    }

    async fn it_can_be_taken_out_again_and_put_back(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let campaign = publish(&server, &brand, "One").await;
        let (key, path) = (crate::api::admin(&server), format!("/campaigns/{}/archive", campaign.public_id));
        let whole = format!("/campaigns/{}", campaign.public_id);
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        assert_eq!(listed(&server, "/b/civic/archive").await, [""; 0]);
        server.get(&format!("/b/civic/archive/{}", campaign.public_id)).await.expect(404);
        assert_eq!(server.api(&key, "GET", &whole, Value::Null).await.json()["archive"], false);
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        server.api(&key, "PUT", &path, Value::Null).await.expect(204);
        assert_eq!(listed(&server, "/b/civic/archive").await, ["One"]);
        assert_eq!(server.api(&key, "GET", &whole, Value::Null).await.json()["archive"], true);
        let nobody = crate::api::key(&server, &[mannerly::domain::account::Scope::ReadAggregate]);
        server.api(&nobody, "DELETE", &path, Value::Null).await.expect(403);
    }

    async fn a_sensitive_topic_is_never_published(server: TestServer) {
        let brand = server.demo_brand();
        let key = crate::api::admin(&server);
        server.person(&brand, ANA).agrees("newsletter").agrees("sexual-health");
        let mut draft = json!({ "brand": "civic", "name": "x", "topic": "newsletter", "subjects": ["sexual-health"],
            "subject": "Quiet", "html": "<p>x</p>", "archive": true });
        let refused = server.api(&key, "POST", "/campaigns", draft.clone()).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/archive");
        draft["archive"] = json!(false);
        let made = server.api(&key, "POST", "/campaigns", draft).await.expect(201).json();
        let path = format!("/campaigns/{}/archive", made["id"].as_str().unwrap());
        server.api(&key, "PUT", &path, Value::Null).await.expect(409);
        // One that becomes sensitive later takes its letters with it.
        let campaign = publish(&server, &brand, "One").await;
        server.write(|conn, _| {
            use diesel::prelude::*;
            use mannerly::db::schema::topic as topics;
            let newsletter = topic::find(conn, brand.id, "newsletter")?.id;
            diesel::update(topics::table.find(newsletter)).set(topics::sensitive.eq(true)).execute(conn)?;
            Ok(())
        });
        assert_eq!(listed(&server, "/b/civic/archive").await, [""; 0]);
        server.get(&format!("/b/civic/archive/{}", campaign.public_id)).await.expect(404);
        assert!(!server.get("/b/civic/archive.atom").await.expect(200).text.contains("<entry>"));
    }

    async fn a_letter_is_found_only_in_the_archive_of_its_brand(server: TestServer) {
        let brand = server.demo_brand();
        server.other_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let campaign = publish(&server, &brand, "One").await;
        server.get(&format!("/b/harbour/archive/{}", campaign.public_id)).await.expect(404);
        server.get("/b/nobody/archive").await.expect(404);
        server.get("/b/nobody/archive.atom").await.expect(404);
        server.get("/b/civic/archive/none").await.expect(404);
        assert!(server.get("/b/harbour/archive").await.expect(200).text.contains("Nothing has been published here yet."));
    }

    async fn the_newest_come_first_and_twenty_to_a_page(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        for number in 1..=22 {
            publish(&server, &brand, &format!("Letter {number}")).await;
        }
        let first = listed(&server, "/b/civic/archive").await;
        assert_eq!((first.len(), &*first[0], &*first[19]), (20, "Letter 22", "Letter 3"));
        assert_eq!(listed(&server, "/b/civic/archive?page=2").await, ["Letter 2", "Letter 1"]);
        let (one, two) = (server.get("/b/civic/archive").await.text, server.get("/b/civic/archive?page=2").await.text);
        assert!(one.contains("?page=2") && !one.contains("Newer emails"));
        assert!(two.contains("Newer emails") && !two.contains("Older emails"));
        assert_eq!(listed(&server, "/b/civic/archive?page=4000000000").await, [""; 0]);
        assert_eq!(server.get("/b/civic/archive.atom").await.text.matches("<entry>").count(), 20);
    }

    async fn the_feed_is_atom_that_programs_can_read(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let empty = server.get("/b/civic/archive.atom").await.expect(200).text;
        assert!(empty.contains("<updated>2026-11-21T10:00:00Z</updated>"), "{empty}");
        let draft = server.draft(&brand, |form| {
            form.subject = "Roads & <rails> \"now\"".into();
            form.language = Some("cy".into());
            form.archive = true;
        });
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        server.mail_to(ANA);
        let answer = server.get("/b/civic/archive.atom").await.expect(200);
        assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
        let id = draft.public_id;
        let base = &brand.base_url;
        for part in [
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en-GB\">".to_owned(),
            format!("<id>{base}/b/civic/archive</id>"),
            "<title>Emails from Civic Notes</title>".to_owned(),
            "<author><name>Civic Notes</name></author>".to_owned(),
            format!("<link rel=\"self\" type=\"application/atom+xml\" href=\"{base}/b/civic/archive.atom\"/>"),
            format!("<id>urn:uuid:{id}</id>"),
            "<title>Roads &#38; &#60;rails&#62; &#34;now&#34;</title>".to_owned(),
            "<published>2026-11-21T10:00:00Z</published>".to_owned(),
            format!("hreflang=\"cy\" href=\"{base}/b/civic/archive/{id}\"/>"),
        ] {
            assert!(answer.text.contains(&part), "{part}: {}", answer.text);
        }
        assert_eq!(answer.text.matches("<updated>2026-11-21T10:00:00Z</updated>").count(), 2, "of the feed and of its entry");
    }
}

#[test]
fn a_slug_that_reads_like_the_feed_is_no_campaign() {
    assert!(Slug::parse("archive.atom").is_err());
}
