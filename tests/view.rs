//! "View in browser": the letter as a page, for whoever has its address, without a word about the person who got it.

use mannerly::domain::audience::subscriber::Profile;
use mannerly::domain::campaign::Campaign;
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::Brand;
use mannerly::domain::consent::permission::Kind;
use serde_json::Value;

use crate::support::http::Answer;
use crate::support::mail::Mail;
use crate::support::people::{own_source, supplier};
use crate::support::server::TestServer;

const ANA: &str = "ana@example.com";

/// A letter that merges what is known and has pictures from elsewhere.
const PERSONAL: &str = "<html><head><title>x</title><style>p { background: url(https://styles.example/a.png) }</style></head>\
    <body><p>Hello {{ first_name|default(\"reader\") }} of {{ company|default(\"your office\") }}</p>\
    {% if country %}<p>In {{ country }}</p>{% endif %}\
    <p><a href=\"https://example.org/a?x=1&amp;y=2#top\">First</a> <a href=\"{{ view_url }}\">In the browser</a></p>\
    <img src=\"https://pictures.example/bus.png\" alt=\"A bus\"><img src=\"https://pictures.example/2.png\" alt=\"\"></body></html>";

fn profile() -> Profile {
    Profile {
        first_name: Some("Anastasia".into()),
        company: Some("Exampleton Council".into()),
        country: Some("Wales".into()),
        ..Profile::default()
    }
}

/// Sends a letter to the one person there is.
async fn send(server: &TestServer, brand: &Brand, html: &str) -> (Campaign, Mail) {
    let draft = server.draft(brand, |form| {
        form.html = html.to_owned();
        form.subject = "News for {{ first_name|default(\"you\") }} < 3".into();
    });
    let campaign = server.write(|conn, now| state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    (campaign, server.mail_to(ANA))
}

both_databases! {
    async fn a_letter_carries_a_link_that_shows_it_without_anything_about_the_person(server: TestServer) {
        let brand = server.demo_brand();
        server.person_from(&brand, ANA, &own_source(), profile()).agrees("newsletter");
        let (_, mail) = send(&server, &brand, PERSONAL).await;
        assert!(mail.html.contains("Hello Anastasia of Exampleton Council") && mail.html.contains("In Wales"));
        let view = mail.link("/v/");
        assert_eq!(mail.html_links().iter().filter(|link| **link == view).count(), 2, "the author's and ours");
        let page = server.get(&view).await.expect(200);
        assert!(page.text.contains("Hello reader of your office") && page.text.contains("<title>News for you &lt; 3</title>"));
        for word in ["Anastasia", "Exampleton Council", "Wales", ANA] {
            assert!(!page.text.contains(word), "{word}");
        }
        assert!(page.text.contains("without anything about you"));
    }

    async fn a_view_is_no_open_and_its_links_lead_straight_on(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter").allows(Kind::Opens).allows(Kind::Clicks);
        let (_, mail) = send(&server, &brand, PERSONAL).await;
        assert!(mail.html.contains("/o/") && mail.html.contains("/c/"), "the letter itself is tracked");
        let before = server.snapshot();
        let page = server.get(&mail.link("/v/")).await.expect(200);
        assert!(!page.text.contains("/o/") && !page.text.contains("/c/"), "{}", page.text);
        assert!(page.text.contains("https://example.org/a?x=1&amp;y=2#top"));
        server.run_jobs().await;
        assert_eq!(server.snapshot(), before);
    }

    async fn whoever_it_is_forwarded_to_can_neither_end_nor_change_anything_of_the_person(server: TestServer) {
        let brand = server.demo_brand();
        server.person_from(&brand, ANA, &supplier(), Profile { locale: Some("cy".into()), ..profile() }).agrees("newsletter");
        let html = PERSONAL.replace("In the browser", "x</a> <a href=\"{{ unsubscribe_url }}\">Stop</a> <a href=\"{{ preferences_url }}\">Mine");
        let (_, mail) = send(&server, &brand, &html).await;
        assert!(mail.html.contains("Lists &amp; Co"), "the letter itself names who gave the details on (L-09)");
        let page = server.get(&mail.link("/v/")).await.expect(200).text;
        for own in ["/u/", "/p/", "Lists &amp; Co", "lists.example"] {
            assert!(!page.contains(own), "{own}");
        }
        assert!(page.matches("/b/civic/link").count() >= 3, "the author's two and ours lead where anybody may ask");
        assert!(page.contains("aria-label=\"About this page\""), "nor in which language they read");
        server.get("/b/civic/link").await.expect(200);
    }

    async fn it_is_the_same_after_erasure(server: TestServer) {
        let brand = server.demo_brand();
        let id = server.person_from(&brand, ANA, &supplier(), profile()).agrees("newsletter").id;
        let (_, mail) = send(&server, &brand, PERSONAL).await;
        let before = server.get(&mail.link("/v/")).await.expect(200);
        let keys = server.app.keys.clone();
        server.write(|conn, now| mannerly::domain::privacy::erase(conn, &keys, id, "subscriber", now));
        assert_eq!(server.get(&mail.link("/v/")).await.expect(200).bytes, before.bytes);
    }

    async fn it_leads_to_the_archive_where_the_letter_is_in_it(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let (campaign, mail) = send(&server, &brand, PERSONAL).await;
        assert!(!server.get(&mail.link("/v/")).await.expect(200).text.contains("/b/civic/archive"));
        server.write(|conn, now| mannerly::domain::campaign::archive::set(conn, campaign.public_id, true, now));
        assert!(server.get(&mail.link("/v/")).await.expect(200).text.contains("/b/civic/archive"));
    }

    async fn pictures_from_elsewhere_come_only_when_the_reader_asks(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let (_, mail) = send(&server, &brand, PERSONAL).await;
        let view = mail.link("/v/");
        let pictures = |page: &Answer| {
            let policy = page.header("content-security-policy").to_owned();
            policy.split("; ").find(|rule| rule.starts_with("img-src")).unwrap().to_owned()
        };
        let own = format!("img-src 'self' data: {}", brand.base_url);
        let page = server.get(&view).await.expect(200);
        assert_eq!(pictures(&page), own);
        assert!(page.text.contains("Pictures from pictures.example, styles.example are not shown"), "{}", page.text);
        let page = server.get(&format!("{view}?pictures=shown")).await.expect(200);
        assert_eq!(pictures(&page), format!("{own} https://pictures.example https://styles.example"));
        assert!(page.text.contains("Hide the pictures"));
        let page = server.get(&format!("{view}?pictures=https://evil.example")).await.expect(200);
        assert_eq!(pictures(&page), own, "what is asked for is on or off, and no address");
    }

    async fn a_letter_without_pictures_from_elsewhere_says_nothing_of_them(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let (_, mail) = send(&server, &brand, "<p>Hello</p>").await;
        let page = server.get(&mail.link("/v/")).await.expect(200).text;
        assert!(!page.contains("ictures"), "{page}");
    }

    async fn the_bar_speaks_the_readers_language_and_the_letter_its_own(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, ANA).agrees("newsletter");
        let draft = server.draft(&brand, |form| {
            form.language = Some("de-AT".into());
            form.html = "<p>Guten Tag</p>".into();
        });
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        let mail = server.mail_to(ANA);
        assert!(mail.html.contains("<html lang=\"de\" dir=\"ltr\">"), "{}", mail.html);
        for part in [&mail.html, &mail.text] {
            assert!(part.contains("Abbestellen") && part.contains("Im Browser ansehen") && !part.contains("Unsubscribe"));
        }
        let view = mail.link("/v/");
        let page = Answer::to(server.request("GET", &view).header("accept-language", "fr")).await.expect(200);
        assert!(page.text.contains("sans rien qui vous concerne") && page.text.contains("Veröffentlicht von"));
        let page = server.get(&format!("{view}?lang=cy")).await.expect(200);
        assert!(page.text.contains("heb ddim amdanoch chi"));
        assert_eq!(page.header("content-language"), "cy");
    }

    async fn a_forged_link_and_one_of_a_draft_find_nothing(server: TestServer) {
        let brand = server.demo_brand();
        let draft = server.draft(&brand, |_| {});
        let token = server.app.keys.seal(&mannerly::token::ViewLink { campaign: draft.id, subscriber: 1 });
        let nothing = server.get("/no-such-page").await.expect(404);
        for path in [format!("/v/{token}"), "/v/x".into(), format!("/v/{}A", &token[..token.len() - 1])] {
            assert_eq!(server.get(&path).await.expect(404).bytes, nothing.bytes, "{path}");
        }
        let key = crate::api::admin(&server);
        let draft = serde_json::json!({ "brand": "civic", "name": "x", "topic": "newsletter", "subject": "x", "html": "<p>x</p>",
            "language": "xx" });
        let refused = server.api(&key, "POST", "/campaigns", draft).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/language");
        assert_eq!(server.api(&key, "GET", "/campaigns", Value::Null).await.json()["items"].as_array().unwrap().len(), 1);
    }
}
