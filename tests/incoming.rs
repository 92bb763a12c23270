//! Mail that comes back, through the LMTP door: who may change what by it, and what it does to a campaign.

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::Kind;
use mannerly::db::schema::{brand as brands, delivery, ledger, suppression};
use mannerly::domain::campaign::{self, State as CampaignState, state};
use mannerly::domain::delivery::breaker::{self, Added};
use mannerly::domain::privacy;
use mannerly::domain::tracking::report::count::count_all;
use mannerly::domain::tracking::report::{Include, report};
use mannerly::email_address::EmailAddress;
use mannerly::mail::transport::{Outcome, Reply, Stage};

use crate::incoming_corpus::{DOMAIN, Fate, Letter, receiving_brand, running_campaign};
use crate::sign_up::sign_up;
use crate::support::lmtp::Lmtp;
use crate::support::postgres::set_reachable;
use crate::support::server::TestServer;

fn pause_reason(server: &TestServer, campaign: i64) -> Option<String> {
    server.read(|conn| Ok(campaign::get(conn, campaign)?.pause_reason))
}

fn resume(server: &TestServer, campaign: i64) {
    server.write(|conn, now| state::resume(conn, campaign, now));
}

/// What the ledger says last: method, actor and campaign.
fn last_entry(server: &TestServer, letter: &Letter) -> (String, String, Option<i64>) {
    server.read(|conn| {
        Ok(ledger::table
            .filter(ledger::subscriber_id.eq(letter.person))
            .order(ledger::id.desc())
            .select((ledger::method, ledger::actor, ledger::campaign_id))
            .first(conn)?)
    })
}

both_databases! {
    async fn a_forged_or_altered_token_changes_nothing(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let before = server.snapshot();
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let dead = letter.message("postfix_unknown_user");
        let flipped: String = letter.token.chars().rev().enumerate()
            .map(|(at, c)| if at != 3 { c } else if c == 'a' { 'b' } else { 'a' }).collect::<String>()
            .chars().rev().collect();
        for token in [flipped.as_str(), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &letter.token[1..]] {
            // The message itself names the letter rightly; only the envelope counts.
            assert!(mta.deliver(&format!("b+{token}@{DOMAIN}"), &dead).await.starts_with("250 "));
            assert!(mta.deliver(&format!("u+{token}@{DOMAIN}"), "Subject: stop\n\n").await.starts_with("250 "));
        }
        // A token of one purpose is none of another.
        mta.deliver(&format!("u+{}@{DOMAIN}", letter.token), "Subject: stop\n\n").await;
        // A complaint whose letter nobody can prove.
        for name in ["jmrp_abuse", "redacted_envelope_id"] {
            let forged = letter.message(name).replace(&letter.token, &flipped).replace(&letter.message_id, &flipped);
            for forged in [server.signed(&forged), forged] {
                assert!(mta.deliver(&letter.mailbox("fbl"), &forged).await.starts_with("250 "));
            }
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn whoever_has_only_the_message_id_can_complain_and_do_nothing_else(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let before = server.snapshot();
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let shown = |message: String| message.replace(&letter.token, &letter.message_id);
        let dead = shown(letter.message("postfix_unknown_user"));
        for to in ["b+", "u+"] {
            let to = format!("{to}{}@{DOMAIN}", letter.message_id);
            assert!(mta.deliver(&to, &dead).await.starts_with("250 "));
            assert!(mta.deliver(&to, "Subject: stop\n\n").await.starts_with("250 "));
        }
        // Not even where one address is for all, and not even with the letter's own address in it.
        for message in [&dead, &letter.message("postfix_unknown_user")] {
            assert!(mta.deliver(&letter.mailbox("fbl"), message).await.starts_with("250 "));
        }
        assert_eq!(server.snapshot(), before);
        mta.deliver(&letter.mailbox("fbl"), &server.signed(&shown(letter.message("jmrp_abuse")))).await;
        assert!(letter.fate(&server).complained);
    }

    async fn a_mailed_bounce_stops_marketing_and_nothing_that_the_person_asks_for(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let [ana, ben] = ["ana@example.com", "ben@example.com"].map(|to| Letter::sent(&server, &brand, campaign, to));
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        for letter in [&ana, &ben] {
            mta.deliver(&letter.mailbox("b"), &letter.message("postfix_unknown_user")).await;
            assert_eq!(letter.fate(&server).suppressed, ["hard_bounce"]);
        }
        // What a server says to our face is another thing.
        server.write(|conn, _| {
            let bens = delivery::table.find((campaign, ben.person));
            Ok(diesel::update(bens).set(delivery::state.eq("failed")).execute(conn)?)
        });
        for letter in [&ana, &ben] {
            server.post_form("/b/civic/link", &[("email", letter.address.as_str())]).await.expect(200);
            sign_up(&server, &letter.address, &[("choice", "newsletter:email"), ("choice", "transport:email")]).await.expect(200);
        }
        server.run_jobs().await;
        let mails = server.mails();
        let texts: Vec<(&str, bool)> = mails.iter().map(|mail| (mail.to.as_str(), mail.text.contains("/confirm/"))).collect();
        assert_eq!(texts, [("ana@example.com", false), ("ana@example.com", true)]);
        server.confirm(&mails[1].link("/confirm/")).await.expect(200);
        assert!(ana.fate(&server).suppressed.is_empty(), "the pressed link disproves it");
    }

    async fn what_is_about_an_erased_person_changes_nothing(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let keys = server.app.keys.clone();
        server.write(|conn, now| privacy::erase(conn, &keys, letter.person, "test", now));
        let before = server.snapshot();
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        for (to, name) in [("b", "postfix_unknown_user"), ("fbl", "jmrp_abuse"), ("u", "gmail_mailto")] {
            for message in [letter.message(name), server.signed(&letter.message(name))] {
                let reply = mta.deliver(&letter.mailbox(to), &message).await;
                assert!(reply.starts_with("250 "), "{name}: {reply}");
            }
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn a_full_mailbox_counts_softly_and_a_dead_address_afterwards_for_good(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        mta.deliver(&letter.mailbox("b"), &letter.message("postfix_quota")).await;
        let soft = Fate { bounce: Some("soft".into()), status: Some("5.2.2".into()), ..Fate::untouched() };
        assert_eq!(letter.fate(&server), soft);
        mta.deliver(&letter.mailbox("b"), &letter.message("postfix_unknown_user")).await;
        let dead = Fate {
            bounce: Some("bad_address".into()),
            status: Some("5.1.1".into()),
            suppressed: vec!["hard_bounce".into()],
            ..Fate::untouched()
        };
        assert_eq!(letter.fate(&server), dead);
        // What is milder comes too late to change it.
        mta.deliver(&letter.mailbox("b"), &letter.message("postfix_quota")).await;
        assert_eq!(letter.fate(&server), dead);
        let counts = server.read(|conn| count_all(conn, campaign));
        assert_eq!((counts.sent, counts.bounced), (1, vec![("bad_address".to_owned(), 1)]));
    }

    async fn a_complaint_and_a_mail_end_all_email_of_the_brand_and_the_ledger_says_how(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let ana = Letter::sent(&server, &brand, campaign, "ana@example.com");
        mta.deliver(&ana.mailbox("fbl"), &ana.report(&server, "yahoo_cfl_abuse")).await;
        assert_eq!(last_entry(&server, &ana), ("complaint".into(), "provider".into(), Some(campaign)));
        let ben = Letter::sent(&server, &brand, campaign, "ben@example.com");
        mta.deliver(&ben.mailbox("u"), &ben.message("outlook_mailto_no_subject")).await;
        assert_eq!(last_entry(&server, &ben), ("mailto".into(), "subscriber".into(), Some(campaign)));
        let counts = server.read(|conn| count_all(conn, campaign));
        assert_eq!((counts.complaints, counts.unsubscribed), (1, 2));
        let keys = server.app.keys.clone();
        let copy = server.read(|conn| privacy::export(conn, &keys, ana.person, mannerly::clock::DAY, Moment::from_micros(0)));
        assert!(copy.deliveries[0].complained_at.is_some());
    }

    async fn the_first_refusal_of_the_sender_pauses_also_by_mail_and_touches_nobody(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        for (number, detail) in [25, 26, 27, 28, 29, 515].into_iter().enumerate() {
            let campaign = running_campaign(&server, &brand);
            server.write(|conn, now| breaker::count(conn, campaign, Added { sent: 1_000, ..Added::default() }, now));
            let letter = Letter::sent(&server, &brand, campaign, &format!("p{number}@example.com"));
            let refused = letter.message("postfix_gmail_unauthenticated").replace("5.7.26", &format!("5.7.{detail}"));
            assert!(mta.deliver(&letter.mailbox("b"), &refused).await.starts_with("250 "));
            let paused = Fate {
                bounce: Some("policy".into()),
                status: Some(format!("5.7.{detail}")),
                campaign: CampaignState::Paused,
                ..Fate::untouched()
            };
            assert_eq!(letter.fate(&server), paused);
            assert!(pause_reason(&server, campaign).unwrap().contains("refused the sender"));
        }
        let suppressed: i64 = server.read(|conn| Ok(suppression::table.count().get_result(conn)?));
        assert_eq!(suppressed, 0);
    }

    async fn letters_from_before_the_resume_do_not_pause_it_again(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let send = |server: &TestServer, name: &str| Letter::sent(server, &brand, campaign, &format!("{name}@example.com"));
        let early: Vec<Letter> = ["ana", "ben", "cleo", "dan"].map(|name| send(&server, name)).into();
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        mta.deliver(&early[0].mailbox("b"), &early[0].message("postfix_gmail_unauthenticated")).await;
        assert_eq!(early[0].fate(&server).campaign, CampaignState::Paused);

        server.advance(std::time::Duration::from_secs(60));
        resume(&server, campaign);
        for letter in &early[1..] {
            mta.deliver(&letter.mailbox("b"), &letter.message("postfix_outlook_515")).await;
            assert_eq!(letter.fate(&server).bounce.as_deref(), Some("policy"));
            assert_eq!(letter.fate(&server).campaign, CampaignState::Sending);
        }
        let late = send(&server, "eve");
        // Planning ends and the campaign changes while these letters are out; nobody has looked at it again.
        server.advance(std::time::Duration::from_secs(60));
        server.write(|conn, now| state::set_state(conn, campaign, CampaignState::Sending, now));
        mta.deliver(&late.mailbox("b"), &late.message("postfix_outlook_515")).await;
        assert_eq!(late.fate(&server).campaign, CampaignState::Paused);
    }

    async fn refusals_for_policy_fail_their_letters_and_pause_at_five(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        for number in 0..30 {
            server.person(&brand, &format!("p{number}@example.com")).agrees("newsletter");
        }
        let disliked = Outcome::Refused { stage: Stage::Content, reply: Reply::new(550, Some((5, 7, 1))) };
        server.relay.answer_next(disliked, 4);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        assert_eq!(server.reload(&campaign).state, CampaignState::Sent);
        assert_eq!(server.outcomes(&campaign), [("failed 550 5.7.1".to_owned(), 4), ("sent".to_owned(), 26)]);

        server.relay.answer_next(disliked, 30);
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let paused = server.reload(&campaign);
        assert_eq!(paused.state, CampaignState::Paused, "{:?}", server.outcomes(&campaign));
        assert!(paused.pause_reason.unwrap().starts_with("Too many refusals for policy"));
        let suppressed: i64 = server.read(|conn| Ok(suppression::table.count().get_result(conn)?));
        assert_eq!(suppressed, 0);
    }

    async fn one_complaint_pauses_from_a_hundred_letters_on_where_it_is_three_tenths_of_a_percent(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        for (sent, state) in [(99, CampaignState::Sending), (334, CampaignState::Sending), (100, CampaignState::Paused)] {
            let campaign = running_campaign(&server, &brand);
            server.write(|conn, now| breaker::count(conn, campaign, Added { sent, ..Added::default() }, now));
            let letter = Letter::sent(&server, &brand, campaign, &format!("p{sent}@example.com"));
            mta.deliver(&letter.mailbox("fbl"), &letter.report(&server, "jmrp_abuse")).await;
            assert_eq!(letter.fate(&server).campaign, state, "of {sent}");
        }
    }

    async fn the_breaker_pauses_at_its_threshold_and_again_only_when_complaints_grow(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        server.write(|conn, now| breaker::count(conn, campaign, Added { sent: 1_000, ..Added::default() }, now));
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let letters: Vec<Letter> = (0..4)
            .map(|number| Letter::sent(&server, &brand, campaign, &format!("p{number}@example.com")))
            .collect();
        let alert = |server: &TestServer| {
            let now = server.now();
            server.read(|conn| report(conn, campaign, Include::default(), now)).alert
        };
        assert_eq!(alert(&server), None);
        for letter in &letters[..2] {
            mta.deliver(&letter.mailbox("fbl"), &letter.report(&server, "jmrp_abuse")).await;
            assert_eq!(letter.fate(&server).campaign, CampaignState::Sending);
        }
        assert!(alert(&server).unwrap().contains("fewer complaints (0.10 %"), "without the number of so few people");
        mta.deliver(&letters[2].mailbox("fbl"), &letters[2].report(&server, "jmrp_abuse")).await;
        assert_eq!(letters[2].fate(&server).campaign, CampaignState::Paused);
        assert_eq!(pause_reason(&server, campaign).unwrap(), "Too many complaints: 3 of 1000 letters (0.30 %)");

        resume(&server, campaign);
        mta.deliver(&letters[2].mailbox("fbl"), &letters[2].report(&server, "jmrp_abuse")).await;
        server.write(|conn, now| breaker::count(conn, campaign, Added { sent: 1, ..Added::default() }, now));
        assert_eq!(letters[2].fate(&server).campaign, CampaignState::Sending, "a person has seen these");
        mta.deliver(&letters[3].mailbox("fbl"), &letters[3].report(&server, "jmrp_abuse")).await;
        assert_eq!(letters[3].fate(&server).campaign, CampaignState::Paused);
    }

    async fn a_letter_as_it_was_sent_carries_the_addresses_that_work(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let campaign = server.campaign(&brand).id;
        server.run_jobs().await;
        let mail = server.mail_to("ana@example.com");
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let full = "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n\
                    Reporting-MTA: dns; mx.example\n\nAction: failed\nStatus: 5.2.2\n--b--\n";
        assert!(mta.deliver(&mail.return_path, full).await.starts_with("250 "));
        let mailto = mail.header("List-Unsubscribe").split("mailto:").nth(1).unwrap();
        let mailto = mailto.split(['>', '?']).next().unwrap();
        assert!(mta.deliver(mailto, "Subject:\n\n").await.starts_with("250 "));
        let complaint = format!(
            "From: fbl@provider.example\nContent-Type: multipart/report; boundary=b\n\n--b\n\
             Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {}\n--b--\n",
            mail.header("Message-ID")
        );
        assert!(mta.deliver(&format!("fbl@{DOMAIN}"), &server.signed(&complaint)).await.starts_with("250 "));
        let counts = server.read(|conn| count_all(conn, campaign));
        assert_eq!((counts.bounced, counts.unsubscribed, counts.complaints), (vec![("soft".to_owned(), 1)], 1, 1));
    }

    async fn bad_addresses_at_the_relay_pause_the_campaign_too(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        let gone = Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(550, Some((5, 1, 1))) };
        for number in 0..130 {
            let address = format!("p{number}@example.com");
            server.person(&brand, &address).agrees("newsletter");
            if number < 10 {
                server.relay.answer_to(&EmailAddress::parse(&address).unwrap(), gone);
            }
        }
        let campaign = server.campaign(&brand);
        server.run_jobs().await;
        let paused = server.reload(&campaign);
        assert_eq!(paused.state, CampaignState::Paused, "{:?}", server.outcomes(&campaign));
        assert!(paused.pause_reason.unwrap().starts_with("Too many bad addresses: 10 of 10"));
        assert!(server.outcomes(&campaign).iter().any(|(state, count)| state == "planned" && *count > 20));
        let now = server.now();
        let report = server.read(|conn| report(conn, campaign.id, Include::default(), now));
        assert!(report.alert.unwrap().contains("Bad addresses"));
        let counts = server.read(|conn| count_all(conn, campaign.id));
        let failed: i64 = counts.failed.iter().map(|(_, people)| people).sum();
        assert_eq!((counts.bounced, failed), (Vec::new(), 10), "refused at once, nothing came back");
    }

    async fn what_old_letters_carry_works_when_the_incoming_domain_has_changed(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        server.write(|conn, _| {
            let moved = brands::incoming_domain.eq("mail.civic.example");
            Ok(diesel::update(brands::table.find(brand.id)).set(moved).execute(conn)?)
        });
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        mta.deliver(&letter.mailbox("b"), &letter.message("postfix_quota")).await;
        assert_eq!(letter.fate(&server).bounce.as_deref(), Some("soft"));
        mta.deliver(&letter.mailbox("u"), &letter.message("gmail_mailto")).await;
        assert!(!letter.fate(&server).gets_email);
        for unknown in [format!("b+{}@{DOMAIN}", letter.message_id), format!("fbl@{DOMAIN}")] {
            assert!(mta.deliver(&unknown, "Subject: x\n\n").await.starts_with("550 5.1.1"));
        }
    }
}

#[tokio::test]
async fn mail_waits_with_the_mta_while_the_database_is_away() {
    let mut server = TestServer::start(Kind::Postgres).await;
    server.leave_work_behind();
    let brand = receiving_brand(&server);
    let campaign = running_campaign(&server, &brand);
    let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
    let mut mta = Lmtp::connect(server.open_lmtp()).await;
    mta.say("LHLO mx.example").await;
    mta.say("MAIL FROM:<>").await;
    assert!(mta.say(&format!("RCPT TO:<{}>", letter.mailbox("b"))).await.starts_with("250 "));
    set_reachable(server.database_url(), false);
    assert!(mta.say(&format!("RCPT TO:<{}>", letter.mailbox("b"))).await.starts_with("451 4.3.0"));
    assert!(mta.say("DATA").await.starts_with("354 "));
    mta.send(&format!("{}\r\n.\r\n", letter.message("postfix_unknown_user").replace('\n', "\r\n"))).await;
    assert!(mta.reply().await.starts_with("451 4.3.0"));
    set_reachable(server.database_url(), true);
    assert_eq!(letter.fate(&server), Fate::untouched());
    let reply = mta.deliver(&letter.mailbox("b"), &letter.message("postfix_unknown_user")).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    assert_eq!(letter.fate(&server).bounce.as_deref(), Some("bad_address"));
}
