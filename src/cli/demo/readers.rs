//! The demo's readers: who opened the letter and followed its links in the two days since it was sent, and which
//! programs did so in their place. Made up, always the same, and taken in like any others: each request is looked at,
//! passes the gate and is judged with what came before and after it.

use std::fs;
use std::time::Duration;

use crate::app::App;
use crate::cli::demo::place::Place;
use crate::clock::{HOUR, Moment};
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::glance::{Request, glance};
use crate::domain::tracking::{Hit, hit, settle};
use crate::error::Result;
use crate::mail::read::Received;
use crate::token::{ClickLink, OpenLink};
use crate::web::page::{TextPiece, find_links};

/// How long before the demo its letters were sent: as long as the report shows opens and clicks over time, and a
/// little.
pub(super) const AGO: Duration = HOUR.saturating_mul(50);

/// At most so many letters are read; more make the report no better.
const LETTERS: usize = 5000;

const MINUTE: Duration = Duration::from_secs(60);

const BROWSERS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Thunderbird/145.0",
];
const GMAIL: &str =
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
const APPLE: &str = "Mozilla/5.0";

/// One letter as it lies in the folder: what in it leads back to us.
#[derive(Debug, Default)]
struct Letter {
    person: i64,
    campaign: i64,
    has_pixel: bool,
    links: Vec<i64>,
}

/// Lets people and programs read the letters, and judges what came back.
pub(super) fn read(app: &App, place: &Place, sent_at: Moment, now: Moment) -> Result<()> {
    let mut hits = Vec::new();
    for entry in fs::read_dir(&place.mail)?.take(LETTERS) {
        let received = Received::read(&fs::read(entry?.path())?).unwrap_or_default();
        hits.extend(reading(app, &letter(app, &received), sent_at));
    }
    hits.retain(|hit: &Hit| hit.at < now.minus(app.options.tracking.quiet));
    hits.sort_by_key(|hit| hit.at);
    for batch in hits.chunks(1000) {
        app.db.write_here(|conn| hit::store(conn, batch))?;
    }
    while settle::settle(&app.db, &app.options.tracking, now)? > 0 {}
    Ok(())
}

fn letter(app: &App, received: &Received) -> Letter {
    let mut letter = Letter::default();
    for piece in find_links(&received.html) {
        let TextPiece::Url(url) = piece else { continue };
        if let Some((_, token)) = url.split_once("/o/")
            && let Some(open) = app.keys.open::<OpenLink>(token.trim_end_matches(".gif"))
        {
            (letter.campaign, letter.person, letter.has_pixel) = (open.campaign, open.subscriber, true);
        } else if let Some((_, token)) = url.split_once("/c/")
            && let Some(click) = app.keys.open::<ClickLink>(token)
            && let Some(destination) = app.links.get(click.link)
        {
            (letter.campaign, letter.person) = (destination.campaign, click.subscriber);
            letter.links.push(click.link);
        }
    }
    letter
}

/// What came back from one letter.
fn reading(app: &App, letter: &Letter, sent_at: Moment) -> Vec<Hit> {
    let mut chance = Chance(letter.person.unsigned_abs());
    let mut hits = Vec::new();
    let mut add = |kind: Kind, link: Option<i64>, at: Moment, agent: &str, has_language: bool| {
        let request = Request {
            kind,
            agent: Some(agent),
            has_language,
            runs_ahead: false,
            from_own_page: false,
            referer_host: None,
            client: None,
        };
        let sign = glance(&app.options.tracking.machines, &request);
        hits.push(Hit { campaign: letter.campaign, link, subscriber: letter.person, at, sign });
    };
    let browser = BROWSERS[chance.below(BROWSERS.len() as u64) as usize];
    // Most who read it do so in the first hours, many on the next morning, and few in the night.
    let (hours, at) = (chance.below(100), chance.share());
    let hours = match hours {
        0..48 => 5.0 * at.powf(1.4),
        48..60 => 5.0 + 7.0 * at,
        60..88 => 21.0 + 5.0 * at,
        _ => 12.0 + 34.0 * at,
    };
    let read_at = sent_at.plus(MINUTE * 3).plus(Duration::from_secs_f64(hours * 3600.0));
    let (way, reads) = (chance.below(100), chance.below(100) < 62);
    if letter.has_pixel {
        match way {
            0..20 => add(Kind::Opens, None, sent_at.plus(MINUTE * chance.below(90) as u32), APPLE, false),
            20..42 if reads => add(Kind::Opens, None, read_at, GMAIL, false),
            _ if reads => add(Kind::Opens, None, read_at, browser, true),
            _ => {}
        }
        if reads && way >= 42 && chance.below(100) < 20 {
            add(Kind::Opens, None, read_at.plus(MINUTE * chance.below(180) as u32), browser, true);
        }
    }
    if way >= 92 {
        // A scanner in front of the mailbox follows everything at once.
        for (place, link) in letter.links.iter().enumerate() {
            let at = sent_at.plus(Duration::from_millis(20_000 + 300 * place as u64));
            add(Kind::Clicks, Some(*link), at, BROWSERS[0], true);
        }
    }
    for (place, link) in letter.links.iter().enumerate() {
        if reads && chance.below(100) < [26, 15, 8].get(place).copied().unwrap_or(5) {
            let at = read_at.plus(Duration::from_secs(15 + chance.below(90) + 60 * place as u64));
            add(Kind::Clicks, Some(*link), at, browser, true);
            if chance.below(100) < 8 {
                add(Kind::Clicks, Some(*link), at.plus(Duration::from_secs(2)), browser, true);
            }
        }
    }
    hits
}

/// Numbers that look like chance and are the same in every demo (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        self.below(1_000_000) as f64 / 1_000_000.0
    }
}
