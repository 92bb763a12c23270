//! The tracking gate in its four rows for opens and for clicks, the anonymous mode, and browsers that object. The other
//! tests of tracking have their readers and letters from here.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::schema::{anonymous_count, brand, delivery, hit, link, subscriber};
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::Brand;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::permission;
use mannerly::domain::tracking::report::anonymous::Anonymous;
use mannerly::domain::tracking::report::{self, Cell, Include};
use mannerly::token::{DataRequestLink, OpenLink};
use reqwest::header::HeaderMap;

use crate::support::http::Answer;
use crate::support::mail::Mail;
use crate::support::people::Person;
use crate::support::server::TestServer;

pub(crate) const DESTINATION: &str = "https://example.com/p%C3%A4th/?q=a%20b&x=%2F&y=+#part/2";

pub(crate) const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";

/// A person who gets the brand's newsletter, and what they said about tracking if they were asked.
pub(crate) fn reader<'a>(
    server: &'a TestServer,
    brand: &'a Brand,
    address: &str,
    tracking: Option<bool>,
) -> Person<'a> {
    let person = server.person(brand, address).agrees("newsletter");
    if let Some(granted) = tracking {
        allow(&person, Kind::Opens, granted);
        allow(&person, Kind::Clicks, granted);
    }
    person
}

/// What a person says about one kind of tracking.
pub(crate) fn allow(person: &Person<'_>, kind: Kind, granted: bool) {
    person.state(|conn, statement| permission::set(conn, statement, kind, granted));
}

/// Sends a newsletter with one link to everyone who gets it; returns the campaign.
pub(crate) async fn send(server: &TestServer, brand: &Brand) -> i64 {
    let html = format!("<p>Hello, <a href=\"{}\">read on</a>.</p>", DESTINATION.replace('&', "&amp;"));
    let draft = server.draft(brand, |form| form.html = html);
    server.write(|conn, now| state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    draft.id
}

/// The address of a letter's pixel, if it has one.
pub(crate) fn pixel_of(letter: &Mail) -> Option<String> {
    letter.html_links().into_iter().find(|link| link.contains("/o/"))
}

/// Where the letter's link leads: to us, or straight to the destination.
pub(crate) fn link_of(letter: &Mail) -> String {
    let links = letter.html_links();
    links.into_iter().find(|link| link.contains("/c/") || link == DESTINATION).expect("the link")
}

/// What is recorded of a person: what for, where the link led, and when.
pub(crate) fn hits_of(server: &TestServer, person: i64) -> Vec<(Kind, Option<String>, Moment)> {
    server.read(|conn| {
        let recorded = hit::table.left_join(link::table).filter(hit::subscriber_id.eq(person)).order(hit::id);
        Ok(recorded.select((hit::kind, link::url.nullable(), hit::at)).load(conn)?)
    })
}

/// A browser that a person uses.
pub(crate) async fn browse(server: &TestServer, url: &str) -> Answer {
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Safari/605.1.15";
    let request = server.request("GET", url).header("User-Agent", agent);
    Answer::to(request.header("Accept-Language", "en-GB,en;q=0.9")).await
}

/// Status, headers without the date, and body: everything that a mail program could tell answers apart by.
pub(crate) async fn whole_answer(server: &TestServer, url: &str) -> (u16, HeaderMap, Vec<u8>) {
    let response = server.client.get(server.url(url)).send().await.unwrap();
    let (status, mut headers) = (response.status().as_u16(), response.headers().clone());
    headers.remove("date");
    (status, headers, response.bytes().await.unwrap().to_vec())
}

both_databases! {
    async fn row_1_without_permission_a_letter_carries_no_pixel_and_the_original_links(server: TestServer) {
        let brand = server.demo_brand();
        let asked = reader(&server, &brand, "asked@example.com", Some(false));
        let never = reader(&server, &brand, "never@example.com", None);
        let campaign = send(&server, &brand).await;
        for letter in [server.mail_to("asked@example.com"), server.mail_to("never@example.com")] {
            assert_eq!(pixel_of(&letter), None);
            assert_eq!(link_of(&letter), DESTINATION);
            assert!(letter.text.contains(DESTINATION), "the text part has the original link too");
        }
        // Even a link that was never sent records nothing.
        let before = server.snapshot();
        for subscriber in [asked.id, never.id] {
            let token = server.app.keys.seal(&OpenLink { campaign, subscriber });
            server.get(&format!("/o/{token}.gif")).await.expect(200);
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn row_2_with_permission_opens_and_clicks_are_recorded_before_the_answer(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "yes@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("yes@example.com");
        server.advance(Duration::from_secs(60));

        let pixel = server.get(&pixel_of(&letter).unwrap()).await.expect(200);
        assert_eq!(pixel.bytes, GIF);
        assert_eq!(hits_of(&server, person.id), [(Kind::Opens, None, server.now())]);

        let onwards = server.get(&link_of(&letter)).await.expect(302);
        assert_eq!(onwards.header("location"), DESTINATION, "byte for byte");
        let click = (Kind::Clicks, Some(DESTINATION.to_owned()), server.now());
        assert_eq!(hits_of(&server, person.id)[1..], [click]);
    }

    async fn row_3_after_a_withdrawal_the_same_answers_and_nothing_recorded(server: TestServer) {
        let brand = server.demo_brand();
        let [stayer, leaver, gone] = ["stays", "leaves", "erased"]
            .map(|name| reader(&server, &brand, &format!("{name}@example.com"), Some(true)));
        send(&server, &brand).await;
        let [stays, leaves, erased] =
            ["stays", "leaves", "erased"].map(|name| server.mail_to(&format!("{name}@example.com")));
        server.advance(Duration::from_secs(60));
        allow(&leaver, Kind::Opens, false);
        allow(&leaver, Kind::Clicks, false);
        server.write(|conn, now| {
            diesel::update(subscriber::table.find(gone.id))
                .set((subscriber::erased_at.eq(now), subscriber::email.eq(None::<String>)))
                .execute(conn)?;
            Ok(())
        });
        for of in [pixel_of as fn(&Mail) -> Option<String>, |letter| Some(link_of(letter))] {
            let allowed = whole_answer(&server, &of(&stays).unwrap()).await;
            let before = server.snapshot();
            assert_eq!(whole_answer(&server, &of(&leaves).unwrap()).await, allowed, "withdrawn");
            assert_eq!(whole_answer(&server, &of(&erased).unwrap()).await, allowed, "erased");
            assert_eq!(server.snapshot(), before, "not even a counter");
        }
        assert_eq!(hits_of(&server, stayer.id).len(), 2);
    }

    async fn row_4_a_permission_given_later_does_not_reach_back(server: TestServer) {
        let brand = server.demo_brand();
        let late = reader(&server, &brand, "late@example.com", None);
        let again = reader(&server, &brand, "again@example.com", Some(true));
        let campaign = send(&server, &brand).await;
        server.mail_to("late@example.com");
        let letter = server.mail_to("again@example.com");
        server.advance(Duration::from_secs(60));
        for kind in [Kind::Opens, Kind::Clicks] {
            allow(&late, kind, true);
            allow(&again, kind, false);
            allow(&again, kind, true);
        }
        let before = server.snapshot();
        let forged = server.app.keys.seal(&OpenLink { campaign, subscriber: late.id });
        for url in [format!("/o/{forged}.gif"), pixel_of(&letter).unwrap(), link_of(&letter)] {
            server.get(&url).await;
        }
        assert_eq!(server.snapshot(), before);

        // The next letter is tracked.
        send(&server, &brand).await;
        let next = [server.mail_to("late@example.com"), server.mail_to("again@example.com")];
        for letter in next {
            server.get(&pixel_of(&letter).unwrap()).await.expect(200);
            server.get(&link_of(&letter)).await.expect(302);
        }
        assert_eq!((hits_of(&server, late.id).len(), hits_of(&server, again.id).len()), (2, 2));
    }

    async fn a_withdrawn_permission_ends_no_newsletter_and_deletes_what_was_recorded(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true));
        let campaign = send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        server.advance(Duration::from_secs(60));
        browse(&server, &pixel_of(&letter).unwrap()).await.expect(200);
        browse(&server, &link_of(&letter)).await.expect(302);
        server.advance(Duration::from_secs(11 * 60));
        server.run_jobs().await;
        allow(&person, Kind::Opens, false);
        assert_eq!(hits_of(&server, person.id).iter().map(|hit| hit.0).collect::<Vec<_>>(), [Kind::Clicks]);
        let (opened, clicked): (Option<Moment>, Option<Moment>) = server.read(|conn| {
            let marks = (delivery::opened_at, delivery::clicked_at);
            Ok(delivery::table.find((campaign, person.id)).select(marks).first(conn)?)
        });
        assert!(opened.is_none() && clicked.is_some());

        send(&server, &brand).await;
        let next = server.mail_to("ana@example.com");
        assert_eq!(pixel_of(&next), None);
        assert!(link_of(&next).contains("/c/"), "clicks are a permission of their own");
    }

    async fn the_anonymous_mode_shows_nothing_of_a_single_refuser(server: TestServer) {
        let brand = server.demo_brand();
        server.write(|conn, _| {
            diesel::update(brand::table.find(brand.id)).set(brand::anonymous_tracking.eq(true)).execute(conn)?;
            Ok(())
        });
        let brand = Brand { anonymous_tracking: true, ..brand };
        for number in 0..11 {
            reader(&server, &brand, &format!("reader{number}@example.com"), Some(true));
        }
        reader(&server, &brand, "ana@example.com", Some(false));
        let campaign = send(&server, &brand).await;
        let shown = || {
            let report = server.read(|conn| report::report(conn, campaign, Include::default(), server.now()));
            report.anonymous
        };
        let before = shown();
        let letter = server.mail_to("ana@example.com");
        server.mails();
        server.get(&pixel_of(&letter).unwrap()).await.expect(200);
        server.get(&link_of(&letter)).await.expect(302);
        assert_eq!((before.opens, before.clicks), (Cell::Hidden, Cell::Hidden));
        assert_eq!(shown(), before, "that they read it changes nothing that is shown");
        assert_eq!(server.read(|conn| Ok(anonymous_count::table.count().get_result::<i64>(conn)?)), 2);
    }

    async fn the_anonymous_mode_has_one_pixel_and_one_link_for_all_and_counts_nobody(server: TestServer) {
        let mut brand = server.demo_brand();
        server.write(|conn, _| {
            diesel::update(brand::table.find(brand.id)).set(brand::anonymous_tracking.eq(true)).execute(conn)?;
            Ok(())
        });
        brand.anonymous_tracking = true;
        reader(&server, &brand, "ana@example.com", None);
        reader(&server, &brand, "ben@example.com", Some(false));
        for number in 0..8 {
            reader(&server, &brand, &format!("more{number}@example.com"), None);
        }
        let campaign = send(&server, &brand).await;
        let (ana, ben) = (server.mail_to("ana@example.com"), server.mail_to("ben@example.com"));
        server.mails();
        assert_eq!((pixel_of(&ana), link_of(&ana)), (pixel_of(&ben), link_of(&ben)));
        let first = server.now().start_of_hour();
        for letter in [&ana, &ben] {
            server.get(&pixel_of(letter).unwrap()).await.expect(200);
            server.get(&link_of(letter)).await.expect(302);
            server.advance(Duration::from_secs(3600));
        }
        let counted: Vec<(Kind, bool, Moment, i64)> = server.read(|conn| {
            let of_link = anonymous_count::link_id.ne(0);
            let columns = (anonymous_count::kind, of_link, anonymous_count::hour, anonymous_count::hits);
            Ok(anonymous_count::table.order((anonymous_count::kind.desc(), anonymous_count::hour)).select(columns).load(conn)?)
        });
        let second = first.plus(Duration::from_secs(3600));
        let one_each = |kind: Kind| [first, second].map(|hour| (kind, kind == Kind::Clicks, hour, 1));
        assert_eq!(counted, [one_each(Kind::Opens), one_each(Kind::Clicks)].concat());
        let report = server.read(|conn| report::report(conn, campaign, Include::default(), server.now()));
        let Anonymous { opens, clicks, links, hours } = report.anonymous;
        assert_eq!((opens, clicks), (Cell::Exact(2), Cell::Exact(2)));
        assert_eq!(links.iter().map(|link| (link.position, link.clicks)).collect::<Vec<_>>(), [(1, 2)]);
        let hours: Vec<_> = hours.iter().map(|hour| (hour.at, hour.opens, hour.clicks)).collect();
        let (one, none) = (Cell::Exact(1), Cell::Exact(0));
        assert_eq!(hours, [(first, one, one), (second, one, one), (second.plus(Duration::from_secs(3600)), none, none)]);
        assert_eq!(server.read(|conn| Ok(hit::table.count().get_result::<i64>(conn)?)), 0);
    }

    async fn a_browser_that_objects_is_served_and_not_recorded(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        let before = server.snapshot();
        for (name, value) in [("Sec-GPC", "1"), ("DNT", "1"), ("Sec-GPC", "1, 1"), ("Sec-GPC", "0, 1")] {
            let pixel = server.request("GET", &pixel_of(&letter).unwrap()).header(name, value);
            assert_eq!(Answer::to(pixel).await.expect(200).bytes, GIF);
            Answer::to(server.request("GET", &link_of(&letter)).header(name, value)).await.expect(302);
        }
        assert_eq!(server.snapshot(), before);
        for (count, value) in (1..).zip(["0", "true", "11"]) {
            Answer::to(server.request("GET", &pixel_of(&letter).unwrap()).header("Sec-GPC", value)).await;
            assert_eq!(hits_of(&server, person.id).len(), count, "{value} means nothing");
        }
        let support = server.get("/.well-known/gpc.json").await.expect(200).json();
        assert_eq!(support["gpc"], true);
    }

    async fn a_copy_of_one_s_data_has_every_open_and_click_judged_or_not(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true)).id;
        reader(&server, &brand, "ben@example.com", Some(true));
        send(&server, &brand).await;
        let [own, other] = ["ana", "ben"].map(|name| server.mail_to(&format!("{name}@example.com")));
        server.advance(Duration::from_secs(60));
        browse(&server, &pixel_of(&own).unwrap()).await.expect(200);
        browse(&server, &pixel_of(&other).unwrap()).await.expect(200);
        server.advance(Duration::from_secs(11 * 60));
        server.run_jobs().await;
        browse(&server, &link_of(&own)).await.expect(302);

        let expires_at = server.now().plus(Duration::from_secs(3600)).as_micros();
        let token = server.app.keys.seal(&DataRequestLink { brand: brand.id, subscriber: person, expires_at });
        let copy = server.post_form(&format!("/d/{token}"), &[("action", "copy")]).await.expect(200).json();
        let hits = copy["hits"].as_array().unwrap();
        let told = |hit: &serde_json::Value| {
            ["kind", "class", "reason", "url"].map(|name| hit[name].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(
            hits.iter().map(told).collect::<Vec<_>>(),
            [["opens", "human", "plausible", ""], ["clicks", "", "", DESTINATION]]
        );
    }
}
