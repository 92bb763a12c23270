//! A campaign on its way: planned, claimed through the gate, written, handed over, settled.

use std::time::Duration;

use mannerly::domain::audience::source::SourceForm;
use mannerly::domain::audience::subscriber::Profile;
use mannerly::domain::campaign::audience::preview;
use mannerly::domain::campaign::compose::Format;
use mannerly::domain::campaign::{Campaign, State, draft, state};
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::gate::Refusal;
use mannerly::domain::consent::opt_in::{self, Answer, Basis, Scope};
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::consent::suppression::{self, Reason};
use mannerly::domain::delivery::claim::{Holder, LEASE, Wanted, claim, return_unheld};
use mannerly::email_address::EmailAddress;
use mannerly::error::Error;
use mannerly::id::Slug;
use mannerly::mail::transport::{Outcome, Reply, Stage};
use mannerly::token::{Link, UnsubscribeLink};

use crate::support::people::{own_source, supplier};
use crate::support::server::TestServer;

fn token_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

fn named(first_name: &str) -> Profile {
    Profile { first_name: Some(first_name.into()), ..Profile::default() }
}

/// Plans a campaign and claims its one letter as a server process, which then does nothing with it.
async fn claim_as(server: &TestServer, campaign: &Campaign, node: i64) {
    mannerly::jobs::plan_campaigns::run_once(&server.app).await.unwrap();
    let wanted = Wanted { campaign: campaign.id, letters: 1, holder: Holder { node, lease: LEASE } };
    let claims = server.write(|conn, now| claim(conn, wanted, &server.app.pacer, now));
    assert_eq!(claims.letters.len(), 1);
}

both_databases! {
    async fn only_those_who_agreed_get_it_and_everybody_else_has_a_reason(server: TestServer) {
        let brand = server.demo_brand();
        let other = server.other_brand();
        server.person(&brand, "agreed@example.com").agrees("newsletter");
        server.person(&brand, "nothing@example.com");
        server.person(&brand, "other-type@example.com").agrees("product-updates");
        server.person(&brand, "by-phone@example.com").answers(
            "offers", Channel::Phone, Answer::Granted(Basis::Consent, None));
        server.person(&brand, "pending@example.com").answers("newsletter", Channel::Email, Answer::Pending);
        server.person(&brand, "ended@example.com").agrees("newsletter")
            .answers("newsletter", Channel::Email, Answer::Withdrawn);
        server.person(&other, "other-brand@example.com").agrees("newsletter");
        let expired = Some(server.now());
        server.person(&brand, "expired@example.com")
            .answers("newsletter", Channel::Email, Answer::Granted(Basis::Consent, expired));
        let no_policy = SourceForm { name: "Silent lists".into(), policy_url: None, ..supplier() };
        server.person_from(&brand, "silent@example.com", &no_policy, Profile::default()).agrees("newsletter");
        server.person(&brand, "objected@example.com").agrees("newsletter");
        server.suppress("Objected@Example.com", None, Reason::Objection);

        let draft = server.draft(&brand, |_| {});
        let now = server.now();
        let foreseen = preview(&server.app.db, draft.public_id, now).unwrap();
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;

        assert_eq!(server.mail_to("agreed@example.com").subject, "News for you");
        assert_eq!(server.outcomes(&draft), [
            ("sent".to_owned(), 1),
            ("skipped basis_expired".to_owned(), 1),
            ("skipped other_brand".to_owned(), 2),
            ("skipped pending_confirmation".to_owned(), 1),
            ("skipped source_terms".to_owned(), 1),
            ("skipped suppressed_objection".to_owned(), 1),
            ("skipped type_off".to_owned(), 2),
            ("skipped withdrawn".to_owned(), 1),
        ]);
        assert_eq!(server.reload(&draft).state, State::Sent);
        assert_eq!((foreseen.people, foreseen.allowed), (10, 1));
        assert_eq!(foreseen.refused.values().sum::<i64>(), 9);
        assert_eq!(foreseen.refused[&Refusal::OtherBrand], 2);
    }

    async fn a_campaign_that_names_subjects_goes_to_those_who_chose_one_of_them(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "both@example.com").agrees("newsletter").agrees("transport");
        server.person(&brand, "other-subject@example.com").agrees("newsletter").agrees("compliance");
        server.person(&brand, "subject-only@example.com").agrees("transport");
        let subjects = ["transport", "social-care"].map(|slug| Slug::parse(slug).unwrap());
        let draft = server.draft(&brand, |form| form.subjects = subjects.to_vec());
        server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
        server.mail_to("both@example.com");
        assert_eq!(server.outcomes(&draft), [
            ("sent".to_owned(), 1), ("skipped topic_off".to_owned(), 1), ("skipped type_off".to_owned(), 1),
        ]);
    }

    async fn every_letter_carries_what_the_law_and_the_providers_ask_for(server: TestServer) {
        let brand = server.demo_brand();
        server.person_from(&brand, "ana@example.com", &own_source(), named("Ana <b>")).agrees("newsletter");
        server.campaign(&brand);
        server.run_jobs().await;
        let mail = server.mail_to("ana@example.com");
        assert!(mail.marketing, "it went out with a permit");
        assert_eq!(mail.return_path, brand.marketing_from.as_str());
        assert_eq!(mail.subject, "News for Ana <b>");
        assert!(mail.html.contains("Hello Ana &lt;b&gt;") && !mail.html.contains("<b>"));

        let header = mail.header("List-Unsubscribe").to_owned();
        let url = header.trim_start_matches('<').trim_end_matches('>').to_owned();
        assert_eq!(header.matches("http").count(), 1);
        assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert!(mail.header("List-Id").contains("<newsletter.civic."));
        assert_eq!(mail.header("List-Post"), "NO");
        for once in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"] {
            mail.header(once);
        }
        let link: UnsubscribeLink = server.app.keys.open(token_of(&url)).unwrap();
        assert_eq!((link.brand, link.numbers().len()), (brand.id, 3));

        for part in [&mail.html, &mail.text] {
            for needed in ["Unsubscribe", "Preferences", &brand.legal_name, &brand.registered_address] {
                assert!(part.contains(needed), "{needed} is missing in:\n{part}");
            }
            assert!(!part.contains("Lists") && !part.contains("{{"));
        }
        assert!(mail.html.contains(">Unsubscribe</a>") && mail.html.contains(">Preferences</a>"));
        let (in_html, in_text) = (mail.html_links(), mail.links());
        for link in in_html.iter().filter(|link| link.starts_with("http")) {
            assert!(in_text.contains(link), "{link} is not in the text part:\n{}", mail.text);
        }
        assert!(mail.raw.lines().all(|line| line.len() <= 998));
    }

    async fn nobody_is_tracked_unless_they_allowed_it_each_kind_apart(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "neither@example.com").agrees("newsletter");
        server.person(&brand, "opens@example.com").agrees("newsletter").allows(Kind::Opens);
        server.person(&brand, "clicks@example.com").agrees("newsletter").allows(Kind::Clicks);
        server.campaign(&brand);
        server.run_jobs().await;
        let original = ["https://example.org/a?x=1&y=2#top", "https://example.org/b"];
        for (address, opens, clicks) in
            [("neither@example.com", false, false), ("opens@example.com", true, false), ("clicks@example.com", false, true)]
        {
            let mail = server.mail_to(address);
            let links = mail.html_links();
            assert_eq!(mail.html.contains("<img"), opens, "{address}");
            assert_eq!(links.iter().any(|link| link.contains("/o/")), opens, "{address}");
            assert_eq!(links.iter().filter(|link| link.contains("/c/")).count(), if clicks { 2 } else { 0 });
            for url in original {
                assert_eq!(links.iter().any(|link| link == url), !clicks, "{address} {url}");
                assert_eq!(mail.text.contains(url), !clicks, "{address} {url}");
            }
            // Never rewritten, whatever was allowed (O-16).
            assert!(links.iter().any(|link| link == "mailto:hello@example.org"));
            assert!(links.iter().any(|link| link.contains("/u/")) && links.iter().any(|link| link.contains("/p/")));
        }
    }

    async fn a_suppliers_contact_is_told_the_source_and_its_policy_and_nobody_else_is(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "own@example.com").agrees("newsletter");
        server.person_from(&brand, "bought@example.com", &supplier(), Profile::default()).agrees("newsletter");
        server.campaign(&brand);
        server.run_jobs().await;
        let mail = server.mail_to("bought@example.com");
        assert!(mail.html.contains("Lists &amp; Co") && mail.text.contains("Lists & Co"));
        assert!(mail.html_links().contains(&"https://lists.example/transparency?a=1&b=2".to_owned()));
        assert!(mail.text.contains("https://lists.example/transparency?a=1&b=2"));
        let mail = server.mail_to("own@example.com");
        assert!(!mail.raw.contains("lists.example"));
    }

    async fn a_suppliers_contact_who_was_not_told_within_a_month_is_left_alone(server: TestServer) {
        let brand = server.demo_brand();
        server.person_from(&brand, "late@example.com", &supplier(), Profile::default()).agrees("newsletter");
        server.advance(Duration::from_secs(31 * 24 * 60 * 60));
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), [("skipped art14_overdue".to_owned(), 1)]);
    }

    async fn a_withdrawal_between_planning_and_claiming_wins(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "stays@example.com").agrees("newsletter");
        let leaves = server.person(&brand, "leaves@example.com").agrees("newsletter");
        let campaign = server.campaign(&brand);
        let progress = mannerly::jobs::plan_campaigns::run_once(&server.app).await.unwrap();
        assert_eq!(progress, mannerly::jobs::Progress::Idle);
        assert_eq!(server.outcomes(&campaign), [("planned".to_owned(), 2)]);
        leaves.state(|conn, statement| opt_in::withdraw_all(conn, statement, Scope::Channel(Channel::Email)));
        server.run_jobs().await;
        server.mail_to("stays@example.com");
        assert_eq!(
            server.outcomes(&campaign),
            [("sent".to_owned(), 1), ("skipped withdrawn".to_owned(), 1)]
        );
    }

    async fn a_fragment_becomes_a_document_and_a_document_stays_as_it_is(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let fragment = server.draft(&brand, |form| form.html = "<p>Only this</p>".into());
        server.write(|conn, now| state::schedule(conn, fragment.id, None, now));
        server.run_jobs().await;
        let mail = server.mail_to("ana@example.com");
        assert!(mail.html.starts_with("<!DOCTYPE html>") && mail.html.contains("<html lang=\"en-GB\" dir=\"ltr\">"));
        assert!(mail.html.contains(&format!("<title>{}</title>", brand.name)));
        assert_eq!(mail.html.matches("Only this").count(), 1);
        assert!(mail.html.find("Only this").unwrap() < mail.html.find("Unsubscribe").unwrap());
        server.campaign(&brand);
        server.run_jobs().await;
        assert!(server.mail_to("ana@example.com").html.starts_with("<html><body><p>Hello"));
    }

    async fn a_paused_campaign_loses_nothing_and_a_cancelled_one_says_who_missed_it(server: TestServer) {
        let brand = server.demo_brand();
        for name in ["a", "b", "c"] {
            server.person(&brand, &format!("{name}@example.com")).agrees("newsletter");
        }
        let campaign = server.campaign(&brand);
        server.write(|conn, now| state::pause(conn, campaign.id, None, now));
        server.run_jobs().await;
        assert!(server.mails().is_empty() && server.outcomes(&campaign).is_empty());
        server.write(|conn, now| state::resume(conn, campaign.id, now));
        mannerly::jobs::plan_campaigns::run_once(&server.app).await.unwrap();
        server.write(|conn, now| state::pause(conn, campaign.id, None, now));
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), [("planned".to_owned(), 3)]);
        server.write(|conn, now| state::resume(conn, campaign.id, now));
        server.write(|conn, now| state::cancel(conn, campaign.id, now));
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), [("skipped cancelled".to_owned(), 3)]);
        let again = server.app.db.write_here(|conn| state::resume(conn, campaign.id, server.now()));
        assert!(matches!(again, Err(Error::Conflict(_))));
    }

    async fn what_the_relay_puts_off_goes_out_later_and_what_it_refuses_has_its_code(server: TestServer) {
        let brand = server.demo_brand();
        for name in ["busy", "gone", "full", "lost", "fine"] {
            server.person(&brand, &format!("{name}@example.com")).agrees("newsletter");
        }
        let to = |name: &str| EmailAddress::parse(&format!("{name}@example.com")).unwrap();
        let refused = |status| Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(550, Some(status)) };
        let busy = Outcome::Deferred { stage: Stage::Recipient, reply: Some(Reply::new(451, Some((4, 7, 1)))) };
        server.relay.answer_to(&to("busy"), busy);
        server.relay.answer_to(&to("gone"), refused((5, 1, 1)));
        server.relay.answer_to(&to("full"), refused((5, 2, 2)));
        server.relay.answer_to(&to("lost"), Outcome::Uncertain);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        server.mails();
        assert_eq!(server.outcomes(&campaign), [
            ("failed 550 5.1.1".to_owned(), 1), ("failed 550 5.2.2".to_owned(), 1), ("planned".to_owned(), 1),
            ("sent".to_owned(), 1), ("uncertain connection_lost".to_owned(), 1),
        ]);
        assert_eq!(server.reload(&campaign).state, State::Sending);
        let suppressed = server.read(|conn| suppression::list(conn, 0, 10));
        assert_eq!(suppressed.iter().map(|s| s.reason).collect::<Vec<_>>(), [Reason::HardBounce]);

        server.relay.answer_to(&to("busy"), Outcome::Accepted(Reply::new(250, None)));
        server.advance(Duration::from_secs(29 * 60));
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "a deferred letter waits half an hour");
        server.advance(Duration::from_secs(60));
        server.run_jobs().await;
        server.mail_to("busy@example.com");
        assert_eq!(server.reload(&campaign).state, State::Sent);
    }

    async fn a_refusal_of_the_sender_pauses_the_campaign_and_touches_nobody(server: TestServer) {
        let brand = server.demo_brand();
        for number in 0..5 {
            server.person(&brand, &format!("p{number}@example.com")).agrees("newsletter");
        }
        let refused = Outcome::Refused { stage: Stage::Content, reply: Reply::new(550, Some((5, 7, 26))) };
        server.relay.answer_next(refused, 5);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        server.mails();
        let campaign = server.reload(&campaign);
        assert_eq!(campaign.state, State::Paused);
        assert!(campaign.pause_reason.unwrap().contains("5.7.26"));
        assert!(server.read(|conn| suppression::list(conn, 0, 10)).is_empty());
        server.write(|conn, now| state::cancel(conn, campaign.id, now));
    }

    async fn a_campaign_that_can_no_longer_be_written_pauses_and_the_others_go_on(server: TestServer) {
        use diesel::prelude::*;
        use mannerly::db::schema::campaign;
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let broken = server.campaign(&brand);
        let sound = server.campaign(&brand);
        server.write(|conn, _| {
            diesel::update(campaign::table.find(broken.id))
                .set(campaign::html.eq(format!("<p>{}</p>", "x".repeat(102_400))))
                .execute(conn)?;
            Ok(())
        });
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        assert_eq!(server.outcomes(&sound), [("sent".to_owned(), 1)]);
        let broken = server.reload(&broken);
        assert_eq!(broken.state, State::Paused);
        assert!(broken.pause_reason.unwrap().contains("100 KB"));
        server.write(|conn, now| state::cancel(conn, broken.id, now));
    }

    async fn a_claim_of_a_server_that_died_is_uncertain_and_never_sent_again(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let campaign = server.campaign(&brand);
        claim_as(&server, &campaign, server.app.node.wrapping_add(1)).await;
        server.advance(LEASE + Duration::from_secs(1));
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), [("uncertain server_died".to_owned(), 1)]);
        assert_eq!(server.reload(&campaign).state, State::Sent);
    }

    async fn a_claim_whose_answer_got_lost_on_the_way_is_due_again(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let campaign = server.campaign(&brand);
        claim_as(&server, &campaign, server.app.node).await;
        assert_eq!(server.write(|conn, now| return_unheld(conn, server.app.node, &[], now)), 1);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        assert_eq!(server.outcomes(&campaign), [("sent".to_owned(), 1)]);
    }

    async fn a_relay_that_breaks_every_connection_pauses_the_campaign_and_not_all_of_it_is_uncertain(server: TestServer) {
        let brand = server.demo_brand();
        for number in 0..20 {
            server.person(&brand, &format!("p{number}@example.com")).agrees("newsletter");
        }
        server.relay.answer_next(Outcome::Uncertain, 20);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let paused = server.reload(&campaign);
        assert_eq!(paused.state, State::Paused);
        assert!(paused.pause_reason.unwrap().contains("connections in a row"));
        let uncertain = server.mails().len();
        assert!((4..=6).contains(&uncertain), "{uncertain}");
        server.write(|conn, now| state::cancel(conn, campaign.id, now));
    }

    async fn a_relay_that_is_away_costs_nobody_anything(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let campaign = server.campaign(&brand);
        server.relay.refuse_connections(true);
        let away = mannerly::jobs::run_until_idle(&server.app).await;
        assert!(matches!(away, Err(Error::Unavailable(_))));
        assert_eq!(server.outcomes(&campaign), [("planned".to_owned(), 1)]);
        server.relay.refuse_connections(false);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
    }

    async fn without_a_signature_a_letter_does_not_promise_one_click(server: TestServer) {
        let mut unsigned = (*server.app.options).clone();
        unsigned.relay_signs = false;
        let mut app = server.app.clone();
        app.options = std::sync::Arc::new(unsigned);
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        server.campaign(&brand);
        mannerly::jobs::run_until_idle(&app).await.unwrap();
        let mail = server.mail_to("ana@example.com");
        assert!(mail.headers("List-Unsubscribe-Post").is_empty());
        assert!(mail.header("List-Unsubscribe").starts_with("<http"));
    }

    async fn a_draft_that_could_not_be_sent_is_refused_with_every_reason(server: TestServer) {
        let brand = server.demo_brand();
        let save = |html: &str, subject: &str| {
            let form = draft::DraftForm {
                brand: brand.slug.clone(),
                name: "x".into(),
                topic: Slug::parse("newsletter").unwrap(),
                subjects: Vec::new(),
                subject: subject.into(),
                html: html.into(),
                text: None,
                format: Format::Html,
                template: None,
                language: None,
                archive: false,
            };
            server.app.db.write_here(|conn| draft::create(conn, &form, server.now())).map(drop)
        };
        let field = |result: Result<(), Error>| match result {
            Err(Error::Invalid(problems)) => problems[0].field.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(field(save("<p>{{ shoe_size }}</p>", "Hi")), "html");
        assert_eq!(field(save("<p>{{ first_name }}</p>", "Hi")), "html");
        assert_eq!(field(save("<a href=\"javascript:alert(1)\">x</a>", "Hi")), "html");
        assert_eq!(field(save("<a href=\"https://x.test/{{ first_name }}\">x</a>", "Hi")), "html");
        assert_eq!(field(save("<script>alert(1)</script>", "Hi")), "html");
        assert_eq!(field(save("<p>x</p>", "Hi\r\nBcc: eve@example.com")), "subject");
        assert_eq!(field(save("<p>x</p>", "{{ first_name }}")), "subject");
        assert_eq!(field(save(&format!("<p>{}</p>", "x".repeat(102_400)), "Hi")), "html");
        assert_eq!(server.read(|conn| mannerly::domain::campaign::list(conn, 0, 10)).len(), 0);
    }
}
