//! The headers and the envelope of each letter, as providers and returned mail need them.

use mannerly::domain::audience::subscriber::Profile;
use mannerly::domain::campaign::compose::Format;
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::brand::{self, BrandForm};
use mannerly::domain::catalog::topic::{self, TopicForm};
use mannerly::domain::catalog::{Brand, Channel};
use mannerly::domain::consent::suppression;
use mannerly::email_address::EmailAddress;
use mannerly::id::Slug;
use mannerly::mail::transport::{Outcome, Reply, Stage};
use mannerly::token::{LetterLink, MessageLink, UnsubscribeLink};

use crate::support::mail::Mail;
use crate::support::people::own_source;
use crate::support::server::TestServer;

/// The brand, from now on with mail of its own at this server.
fn receiving(server: &TestServer, brand: &Brand) -> Brand {
    let form = BrandForm {
        slug: brand.slug.clone(),
        name: brand.name.clone(),
        legal_name: brand.legal_name.clone(),
        registered_address: brand.registered_address.clone(),
        contact_email: brand.contact_email.as_str().into(),
        marketing_from: brand.marketing_from.as_str().into(),
        service_from: brand.service_from.as_str().into(),
        reply_to: None,
        base_url: brand.base_url.clone(),
        policy_url: brand.policy_url.clone(),
        hosts: Vec::new(),
        policy_version: brand.policy_version.clone(),
        consent_wording: None,
        refresh_consents_before: None,
        anonymous_tracking: false,
        incoming_domain: Some("in.civic.example".into()),
        relay: None,
        accent: None,
        accent_dark: None,
        language: None,
    };
    server.write(|conn, now| brand::replace(conn, brand.slug.as_str(), form, now))
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} in {text}")).0
}

/// The mails of a campaign about a topic, by the person's address.
async fn letters(server: &TestServer, brand: &Brand, about: &str) -> Vec<Mail> {
    let draft = server.draft(brand, |form| form.topic = Slug::parse(about).unwrap());
    server.write(|conn, now| state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    let mut mails = server.mails();
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    mails
}

fn change_topic(server: &TestServer, brand: &Brand, slug: &str, change: impl FnOnce(&mut TopicForm)) {
    server.write(|conn, _| {
        let known = topic::find(conn, brand.id, slug)?;
        let mut form = TopicForm {
            channels: known.channels(),
            slug: known.slug,
            kind: known.kind,
            name: known.name,
            description: known.description,
            sensitive: known.sensitive,
            position: known.position,
            frequency_note: String::new(),
            example_url: None,
        };
        change(&mut form);
        topic::replace(conn, brand.id, slug, &form)
    });
}

both_databases! {
    async fn each_letter_has_a_return_path_a_message_id_and_a_way_out_by_mail_of_its_own(server: TestServer) {
        let brand = receiving(&server, &server.demo_brand());
        let people = ["ana@example.com", "bob@example.com", "cyd@example.com"]
            .map(|address| (address, server.person(&brand, address).agrees("newsletter").id));
        let mails = letters(&server, &brand, "newsletter").await;
        let mut tokens = Vec::new();
        for ((address, subscriber), mail) in people.iter().zip(&mails) {
            assert_eq!(mail.to, *address);
            let (local, domain) = mail.return_path.split_once('@').unwrap();
            assert_eq!(domain, "in.civic.example");
            assert!(local.len() <= 64 && local.starts_with("b+"), "{local}");
            let token = &local[2..];
            let letter: LetterLink = server.app.keys.open_from_mail(token).unwrap();
            assert_eq!(letter.subscriber, *subscriber);
            // Sealed again it is the same: whoever is sent their letter again gets the same message.
            assert_eq!(server.app.keys.seal_for_mail(&letter), token);
            let message = MessageLink { campaign: letter.campaign, subscriber: letter.subscriber };
            let shown = server.app.keys.seal_for_mail(&message);
            assert_eq!(mail.header("Message-ID"), format!("<{shown}@{}>", brand.marketing_from.domain()));
            assert!(!mail.raw.contains(token), "what its readers see does not prove a bounce");

            let ways = mail.header("List-Unsubscribe");
            assert!(ways.starts_with(&format!("<{}/u/", brand.base_url)), "the one-click address comes first: {ways}");
            assert!(mail.raw.contains(">,\r\n <mailto:u+"), "it is folded at the comma");
            let local = between(ways, "<mailto:", "@in.civic.example>");
            assert!(local.len() <= 64);
            let by_mail: UnsubscribeLink = server.app.keys.open_from_mail(local.strip_prefix("u+").unwrap()).unwrap();
            let by_web: UnsubscribeLink = server.app.keys.open(between(ways, "/u/", ">")).unwrap();
            assert_eq!(by_mail, by_web);
            assert_eq!((by_mail.subscriber, by_mail.campaign), (*subscriber, letter.campaign));
            tokens.push(token.to_owned());
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 3);
    }

    async fn a_brand_that_receives_no_mail_here_names_no_address_here(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let mail = letters(&server, &brand, "newsletter").await.remove(0);
        assert_eq!(mail.return_path, brand.marketing_from.as_str());
        assert!(!mail.header("List-Unsubscribe").contains("mailto"));
    }

    async fn complaints_are_added_up_by_campaign_type_and_brand_and_never_by_person(server: TestServer) {
        let brand = server.demo_brand();
        for name in ["ana", "bob"] {
            server.person(&brand, &format!("{name}@example.com")).agrees("newsletter").agrees("offers");
        }
        let first = letters(&server, &brand, "newsletter").await;
        let other = letters(&server, &brand, "offers").await;
        let ids: Vec<Vec<&str>> =
            first.iter().chain(&other).map(|mail| mail.header("Feedback-ID").split(':').collect()).collect();
        assert_eq!((&ids[0], &ids[2]), (&ids[1], &ids[3]), "the same for all letters of a campaign");
        assert_ne!(ids[0][0], ids[2][0], "a campaign");
        assert_ne!(ids[0][1], ids[2][1], "a type");
        assert_eq!((ids[0][2], ids[0][3]), (ids[2][2], ids[2][3]), "a brand and a sender");
        assert!((5..=15).contains(&ids[0][3].len()) && ids[0].len() == 4);
    }

    async fn a_list_is_a_topic_and_keeps_its_id_when_it_is_renamed(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter").agrees("offers");
        let list = |mails: Vec<Mail>| {
            let header = mails[0].header("List-Id").to_owned();
            let id = between(&header, "<", ">").to_owned();
            (header, id)
        };
        let first = list(letters(&server, &brand, "newsletter").await);
        let again = list(letters(&server, &brand, "newsletter").await);
        let other = list(letters(&server, &brand, "offers").await);
        change_topic(&server, &brand, "newsletter", |form| form.name = "Žurnál".into());
        let renamed = list(letters(&server, &brand, "newsletter").await);
        assert_eq!(first, again);
        assert_ne!(first.1, other.1);
        assert_eq!(first.1, renamed.1);
        assert_ne!(first.0, renamed.0);
        assert!(first.1.ends_with(brand.marketing_from.domain()), "in a domain of the sender");
    }

    async fn a_sensitive_topic_is_named_in_no_header(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("offers");
        change_topic(&server, &brand, "offers", |form| form.sensitive = true);
        let mail = letters(&server, &brand, "offers").await.remove(0);
        let head = mail.raw.split_once("\r\n\r\n").unwrap().0;
        assert!(!head.to_lowercase().contains("offers"), "{head}");
        let offers = server.read(|conn| topic::find(conn, brand.id, "offers")).id;
        assert!(mail.header("List-Id").contains(&format!("<t{offers}.civic.")), "it is a list of its own: {head}");
    }

    async fn what_stands_at_the_beginning_of_a_line_arrives_as_it_was_written(server: TestServer) {
        let brand = server.demo_brand();
        let profile = Profile { first_name: Some(".".into()), ..Profile::default() };
        server.person_from(&brand, "ana@example.com", &own_source(), profile).agrees("newsletter");
        let text = ".\n..\rFrom me\r\n{{ first_name|default('x') }}\n. \nend  \n";
        let draft = server.draft(&brand, |form| form.text = Some(text.into()));
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        let mail = server.mail_to("ana@example.com");
        assert!(mail.text.starts_with(".\r\n..\r\nFrom me\r\n.\r\n. \r\nend"), "{:?}", mail.text);
        let body = mail.raw.split_once("\r\n\r\n").unwrap().1;
        assert!(body.split("\r\n").all(|line| line.len() <= 76 && !line.starts_with('.')));
    }

    async fn an_address_that_the_relay_cannot_carry_fails_alone_and_is_no_bad_address(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "用户@例え.jp").agrees("newsletter");
        server.person(&brand, "ana@example.com").agrees("newsletter");
        // What the connection answers for a relay without SMTPUTF8 (RFC 6531, section 3.5).
        let reply = Reply::new(553, Some((5, 6, 7)));
        let address = EmailAddress::parse("用户@例え.jp").unwrap();
        assert_eq!(address.domain(), "xn--r8jz45g.jp");
        server.relay.answer_to(&address, Outcome::Refused { stage: Stage::Recipient, reply });
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        assert_eq!(
            server.outcomes(&campaign),
            [("failed 553 5.6.7".to_owned(), 1), ("sent".to_owned(), 1)]
        );
        let hash = server.app.keys.address_hash(Channel::Email.as_str(), address.as_str());
        assert!(server.read(|conn| suppression::of_address(conn, &hash, Channel::Email)).is_empty());

        server.relay.answer_to(&address, Outcome::Accepted(Reply::new(250, None)));
        server.campaign(&brand);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        let mail = server.mail_to("用户@xn--r8jz45g.jp");
        assert_eq!(mail.header("To"), "用户@xn--r8jz45g.jp");
    }

    async fn no_letter_has_a_link_that_people_cannot_see(server: TestServer) {
        // O-09: whoever clicks what nobody can see is a program, and that is no reason to put it there.
        let brand = server.demo_brand();
        crate::tracking::reader(&server, &brand, "ana@example.com", Some(true));
        let written = [
            (Format::Html, "<p>One <a href=\"https://example.org/a\">A</a>, two <a href=\"https://example.org/b\">B</a></p>"),
            (Format::Markdown, "One [A](https://example.org/a), two [B](https://example.org/b)"),
            (Format::Mjml, "<mjml><mj-body><mj-section><mj-column><mj-text>One <a href=\"https://example.org/a\">A</a>, \
                two <a href=\"https://example.org/b\">B</a></mj-text></mj-column></mj-section></mj-body></mjml>"),
        ];
        for (format, letter) in written {
            let draft = server.draft(&brand, |form| {
                form.format = format;
                form.html = letter.to_owned();
            });
            server.write(|conn, now| state::schedule(conn, draft.id, None, now));
            server.run_jobs().await;
            let mail = server.mail_to("ana@example.com");
            let anchors: Vec<(&str, &str)> = mail.html.split("<a ").skip(1)
                .map(|rest| rest.split_once("</a>").unwrap().0.split_once('>').unwrap())
                .collect();
            let to = |sign: &str| anchors.iter().filter(|(attributes, _)| attributes.contains(sign)).count();
            assert_eq!(to("/c/"), 2, "the author's, and no more: {}", mail.html);
            let known = ["/c/", "/u/", "/p/", "/v/", &brand.policy_url];
            for (attributes, words) in &anchors {
                assert!(known.iter().any(|sign| attributes.contains(sign)), "whose is it? {attributes}");
                assert!(words.chars().any(char::is_alphanumeric), "nobody sees it: {attributes}>{words}");
                assert!(!attributes.contains("font-size:0"), "nobody sees it: {attributes}");
            }
            let spaceless: String = mail.html.to_lowercase().split_whitespace().collect();
            for way in ["display:none", "visibility:hidden", "opacity:0;", "text-indent:-", "left:-"] {
                assert!(!spaceless.contains(way), "{way}: {}", mail.html);
            }
            for link in mail.links() {
                let is_shown = mail.html_links().contains(&link);
                assert!(is_shown, "{link} is in the text part alone");
            }
        }
    }
}
