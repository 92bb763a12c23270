//! The walk of somebody who has never seen the product: from one mail to Webinars by email only, a pause of a month, no
//! tracking, all of it taken back step by step, and a receipt. "In under a minute" is kept as a number of things to do, since nothing here
//! is measured by a clock; once with a mouse and without scripts, once with the keyboard alone.

use std::fs;

use mannerly::db::Kind as Backend;
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::permission::{Kind, State as Permission};
use mannerly::id::Slug;
use serde_json::json;

use super::check;
use super::driver::{Browser, Look};
use crate::person::{ADDRESS, Person};
use crate::receipts::verified;
use crate::support::mail::Mail;
use crate::support::server::TestServer;

/// Nothing on the way is further from the top of its page than this, in stops of the tabulator.
const STOPS_MAX: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hand {
    Mouse,
    Keyboard,
}

struct Walk<'a> {
    server: &'a TestServer,
    browser: Browser,
    person: Person,
    hand: Hand,
    /// What the person did since they had the mail before them.
    done: usize,
}

impl<'a> Walk<'a> {
    /// Somebody who gets several kinds of message in several ways, and let everything be counted.
    async fn begin(server: &'a TestServer, hand: Hand) -> Self {
        let person = Person::reader(server);
        for topic in ["webinars", "events", "product-updates", "transport"] {
            person.grant(server, topic, Channel::Email);
        }
        person.grant(server, "events", Channel::Phone);
        person.allow(server, Kind::Opens);
        person.allow(server, Kind::Clicks);
        let browser = Browser::start().await;
        if hand == Hand::Mouse {
            browser.scripts(false).await;
        }
        Self { server, browser, person, hand, done: 0 }
    }

    /// Follows a link of the mail.
    async fn follow(&mut self, url: &str) {
        self.done = 1;
        self.browser.open(&self.server.url(url)).await;
    }

    async fn reach(&self, selector: &str) {
        self.browser.run("window.scrollTo(0, 0); document.activeElement.blur()").await;
        let script = format!("return document.activeElement.matches(`{selector}`)");
        for _ in 0..STOPS_MAX {
            self.browser.tab().await;
            if self.browser.run(&script).await == true {
                return;
            }
        }
        panic!("{selector} is more than {STOPS_MAX} stops away");
    }

    async fn choose(&mut self, list: &str, value: &str) {
        self.done += 1;
        match self.hand {
            Hand::Mouse => self.browser.click(&format!("{list} option[value='{value}']")).await,
            Hand::Keyboard => {
                self.reach(list).await;
                let chosen = format!("return document.querySelector('{list}').value");
                for _ in 0..STOPS_MAX {
                    if self.browser.run(&chosen).await == value {
                        return;
                    }
                    self.browser.press("ArrowDown", 40).await;
                }
                panic!("{value} cannot be chosen in {list}");
            }
        }
    }

    /// Goes to a part of the page that is further down, by the link near its top; a mouse scrolls there.
    async fn go_to(&mut self, part: &str) {
        self.done += 1;
        if self.hand == Hand::Keyboard {
            self.reach(&format!("a[href='{part}']")).await;
            self.browser.press("Enter", 13).await;
            self.browser.tab().await;
        }
    }

    /// Presses a button within a few stops of where one is.
    async fn press_here(&mut self, button: &str) {
        self.done += 1;
        let button = format!("button[value={button}]");
        if self.hand == Hand::Mouse {
            return self.browser.submit(&button).await;
        }
        let there = format!("return document.activeElement.matches(`{button}`)");
        for _ in 0..STOPS_MAX {
            if self.browser.run(&there).await == true {
                return self.browser.enter(&button).await;
            }
            self.browser.tab().await;
        }
        panic!("{button} is more than {STOPS_MAX} stops away");
    }

    async fn press(&mut self, button: &str) {
        self.done += 1;
        let button = format!("button[value={button}]");
        match self.hand {
            Hand::Mouse => self.browser.submit(&button).await,
            Hand::Keyboard => {
                self.reach(&button).await;
                self.browser.enter(&button).await;
            }
        }
    }

    /// Follows a link to a file, and takes the file.
    async fn save_file(&mut self, link: &str) -> Vec<u8> {
        self.done += 1;
        match self.hand {
            Hand::Mouse => self.browser.click(link).await,
            Hand::Keyboard => {
                self.reach(link).await;
                self.browser.press("Enter", 13).await;
            }
        }
        self.browser.downloaded()
    }

    /// What the page says now, with a picture of it; and that it took no more to come here.
    async fn arrived(&self, name: &str, heading: &str, most: usize) -> String {
        let found = self.browser.heading().await;
        assert!(found.contains(heading), "{name}: {found}");
        assert!(self.done <= most, "{name} took {} things to do", self.done);
        self.browser.look(Look::Wide).await;
        fs::write(check::pictures().join(format!("walk-{name}.png")), self.browser.picture().await).unwrap();
        self.browser.client.source().await.unwrap()
    }

    /// The upper part of the page for the README, light and dark.
    async fn portray(&self, name: &str) {
        for look in [Look::Wide, Look::Dark] {
            self.browser.look(look).await;
            let clip = json!({ "x": 0, "y": 0, "width": 1000, "height": 1150, "scale": 0.8 });
            let file = check::pictures().join(format!("readme-{name}-{}.png", look.name()));
            fs::write(file, self.browser.part(clip).await).unwrap();
        }
        self.browser.look(Look::Wide).await;
    }

    /// What comes of the next letter about a topic: the letter, or none.
    async fn next_letter(&self, topic: &str) -> Option<Mail> {
        let draft = self.server.draft(&self.person.brand, |form| form.topic = Slug::parse(topic).unwrap());
        let campaign = self.server.write(|conn, now| state::schedule(conn, draft.id, None, now));
        self.server.run_jobs().await;
        let mail = self.server.mails().into_iter().next();
        let sent = self.server.outcomes(&campaign) == [("sent".to_owned(), 1)];
        assert_eq!(sent, mail.is_some(), "what is in the database is what happened");
        assert!(mail.iter().all(|mail| mail.to == ADDRESS));
        mail
    }

    /// The address of the page that is there.
    async fn here(&self) -> String {
        let url = self.browser.client.current_url().await.unwrap();
        url[url::Position::BeforePath..].to_owned()
    }

    /// All that the person gets and allows.
    fn answers(&self) -> Vec<(&'static str, Channel, Option<State>)> {
        let topics = ["newsletter", "webinars", "events", "product-updates", "transport"];
        let ways = [Channel::Email, Channel::Phone, Channel::Post];
        let each = topics.into_iter().flat_map(|topic| ways.map(|way| (topic, way)));
        each.map(|(topic, way)| (topic, way, self.person.state(self.server, topic, way))).collect()
    }

    fn allowed(&self) -> [Option<Permission>; 2] {
        [Kind::Opens, Kind::Clicks].map(|kind| self.person.permission(self.server, kind))
    }
}

fn is_tracked(mail: &Mail) -> bool {
    mail.html.contains("/o/") || mail.html.contains("/c/")
}

async fn from_one_mail(hand: Hand) {
    let server = TestServer::start(Backend::Sqlite).await;
    let mut walk = Walk::begin(&server, hand).await;
    let mail = walk.next_letter("newsletter").await.expect("the one mail");
    assert!(is_tracked(&mail));
    let link = mail.link("/p/");

    let before = walk.answers();

    // Webinars by email only.
    walk.follow(&link).await;
    walk.arrived("1-choices", "Your choices at Civic Notes", 1).await;
    walk.portray("preferences").await;
    walk.choose("#only", "webinars:email").await;
    walk.press("only").await;
    let page = walk.arrived("2-webinars-only", "Saved, and it works now", 3).await;
    walk.portray("result").await;
    let reduced = walk.here().await;
    for kept in ["Videos, Podcasts and Webinars by email", "Transport by email"] {
        assert!(page.split("you still get").nth(1).unwrap().contains(kept), "{kept}");
    }
    for (topic, channel) in [
        ("newsletter", Channel::Email),
        ("newsletter", Channel::Post),
        ("events", Channel::Email),
        ("events", Channel::Phone),
        ("product-updates", Channel::Email),
    ] {
        assert_eq!(walk.person.state(&server, topic, channel), Some(State::Withdrawn), "{topic} {channel}");
    }
    assert!(walk.next_letter("newsletter").await.is_none());
    assert!(walk.next_letter("webinars").await.is_some());

    // A pause of a month.
    walk.follow(&link).await;
    walk.press("pause").await;
    walk.arrived("3-paused", "Paused until 21 December 2026", 2).await;
    let paused = walk.here().await;
    assert!(walk.next_letter("webinars").await.is_none());

    // No tracking.
    walk.follow(&link).await;
    walk.go_to("#tracking").await;
    walk.press_here("no-tracking").await;
    let page = walk.arrived("4-no-tracking", "Saved, and it works now", 3).await;
    assert!(page.contains("Civic Notes pauses until 21 December 2026") && !page.contains("you still get"));
    assert!(
        page.contains("no longer count when you open") && page.contains("no longer count when you follow")
    );
    assert_eq!(walk.allowed(), [Some(Permission::Refused); 2]);

    // Taken back, where one has just landed.
    walk.press("undo").await;
    let page = walk.arrived("5-undone", "Undone", 4).await;
    assert_eq!(walk.allowed(), [Some(Permission::Granted); 2]);
    assert!(walk.next_letter("webinars").await.is_none(), "only the last step was taken back");

    // A receipt: it is on the page, and as a file one link away.
    assert!(page.contains("Your receipt"));
    let file = serde_json::from_slice(&walk.save_file("a[download]").await).unwrap();
    let signed = verified(&server, &file).await;
    assert!(page.contains(signed["record_id"].as_str().unwrap()), "the page has the number of the file");
    let purposes = signed["processing"]["purposes"].as_array().unwrap();
    assert_eq!(purposes.len(), 4, "webinars and their subject, opens and clicks");

    // And the steps before it, from the pages that one kept of them: the pause, and what was ended.
    walk.follow(&paused).await;
    walk.press("undo").await;
    walk.arrived("6-pause-taken-back", "Undone", 2).await;
    assert!(is_tracked(&walk.next_letter("webinars").await.expect("a letter after the pause")));
    assert!(walk.next_letter("newsletter").await.is_none());
    walk.follow(&reduced).await;
    walk.press("undo").await;
    walk.arrived("7-all-taken-back", "Undone", 2).await;
    assert_eq!((walk.answers(), walk.allowed()), (before, [Some(Permission::Granted); 2]));
    assert!(is_tracked(&walk.next_letter("newsletter").await.expect("everything is as it was")));
    walk.browser.stop().await;
}

#[tokio::test]
async fn from_one_mail_with_a_mouse_and_without_scripts() {
    from_one_mail(Hand::Mouse).await;
}

#[tokio::test]
async fn from_one_mail_with_the_keyboard_alone() {
    from_one_mail(Hand::Keyboard).await;
}
