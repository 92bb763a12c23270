//! A tour of every public page in every state, held against the route table so that no new page is forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use mannerly::db::Kind;
use mannerly::domain::catalog::notice::{self, NoticeForm};
use mannerly::i18n::Lang;
use mannerly::web;

use super::check;
use super::driver::Browser;
use super::own::{ask_for_ones_data, change_ones_mind, look_at_choices};
use super::states::go_wrong;
use crate::person::Person;
use crate::support::server::TestServer;

/// What the server answers with something else than a page for people.
const NO_PAGES: [&str; 15] = [
    "GET /healthz",
    "GET /readyz",
    "GET /assets/page.css",
    "GET /assets/desk.css",
    "GET /assets/proof.js",
    "GET /favicon.ico",
    "GET /b/{brand}/page.css",
    "GET /.well-known/gpc.json",
    "GET /.well-known/receipt-keys.json",
    "GET /r/{token}/receipt.json",
    "GET /o/{token}.gif",
    "GET /c/{token}",
    "GET /b/{brand}/logo.png",
    "GET /b/{brand}/archive.atom",
    "GET /api/openapi.json",
];

/// A browser that goes from page to page, and what was seen on the way.
pub(super) struct Tour<'a> {
    pub(super) server: &'a TestServer,
    pub(super) browser: &'a Browser,
    /// In English everything is looked at; in other languages, whether the words fit a small screen, and axe-core's rules.
    pub(super) lang: Lang,
    axe: String,
    seen: BTreeSet<&'static str>,
    faults: Vec<String>,
}

impl<'a> Tour<'a> {
    pub(super) fn begin(server: &'a TestServer, browser: &'a Browser, lang: Lang) -> Self {
        Self { server, browser, lang, axe: check::axe(), seen: BTreeSet::new(), faults: Vec::new() }
    }

    /// Fails with all that is wrong; what was seen.
    pub(super) fn end(self) -> BTreeSet<&'static str> {
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
        self.seen
    }

    pub(super) async fn open(&self, path: &str) {
        self.browser.open(&self.server.url(path)).await;
    }

    pub(super) async fn click(&self, selector: &str) {
        self.browser.click(selector).await;
    }

    pub(super) async fn submit(&self, selector: &str) {
        self.browser.submit(selector).await;
    }

    /// Looks at the page that is there: how it is called, which route gave it, and what its heading has to say.
    pub(super) async fn look(&mut self, name: &str, route: &'static str, heading: &str) {
        self.seen.insert(route);
        let problems = check::problems(self.browser, self.lang).await;
        self.faults.extend(problems.into_iter().map(|fault| format!("{name} in {:?}: {fault}", self.lang)));
        let faults = if self.lang == Lang::English {
            let found = self.browser.heading().await;
            assert!(found.contains(heading), "{name}: the heading is {found}");
            check::everywhere(self.browser, name, &self.axe).await
        } else {
            let spoken = self.browser.run("return document.documentElement.lang").await;
            // What operators and programmers read is in English.
            let is_desk = name == "api-docs" || name.starts_with("report");
            assert!(spoken == self.lang.tag() || is_desk, "{name} speaks {spoken}");
            check::words(self.browser, name, self.lang, &self.axe).await
        };
        self.faults.extend(faults);
    }

    /// Where one is.
    pub(super) async fn here(&self) -> String {
        let url = self.browser.client.current_url().await.unwrap();
        url[url::Position::BeforePath..].to_owned()
    }

    /// Looks at a letter, which is a document of its author's in a sandbox.
    pub(super) async fn look_at_letter(&mut self, name: &str, route: &'static str, heading: &str) {
        self.seen.insert(route);
        if self.lang != Lang::English {
            return;
        }
        let found = self.browser.heading().await;
        assert!(found.contains(heading), "{name}: the heading is {found}");
        let here = self.browser.client.current_url().await.unwrap();
        let html = self.server.get(here.as_str()).await.expect(200).text;
        let faults = check::letter(self.browser, name, &html, &self.axe).await;
        self.faults.extend(faults);
    }

    pub(super) async fn mailed_link(&self, address: &str, part: &str) -> String {
        self.server.run_jobs().await;
        self.server.mail_to(address).link(part)
    }
}

/// A named form on its own page, and in a frame of another site.
async fn come_in_by_a_named_form(tour: &mut Tour<'_>) {
    const FORM: &str = "POST /b/{brand}/sign-up/{form}";
    tour.open("/b/civic/sign-up/events").await;
    tour.look("sign-up-named", "GET /b/{brand}/sign-up/{form}", "Come to our events").await;
    tour.submit("main button").await;
    tour.look("sign-up-named-errors", FORM, "Come to our events").await;
    tour.open("/b/civic/sign-up/events?embed").await;
    tour.look("sign-up-inside", "GET /b/{brand}/sign-up/{form}", "Come to our events").await;
    tour.browser.fill("#email", "bea@example.com").await;
    tour.browser.fill("#first_name", "Bea").await;
    tour.browser.fill("#company", "Notes & Sons").await;
    tour.click("[name=choice][value='events:email']").await;
    tour.click("[name=choice][value='events:phone']").await;
    tour.browser.fill("#phone", "+44 118 496 0111").await;
    tour.submit("main button").await;
    tour.look("sign-up-inside-done", FORM, "Check your inbox").await;
    let link = tour.mailed_link("bea@example.com", "/confirm/").await;
    tour.open(&link).await;
    tour.look("confirm-details", "GET /confirm/{token}", "Is this what you want?").await;
    let brand = tour.server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
    let person = Person { id: tour.server.person_id("bea@example.com"), brand };
    tour.server.advance(Duration::from_secs(1));
    tour.open(&person.preferences(tour.server)).await;
    tour.submit("button[value=stop]").await;
    tour.open(&link).await;
    tour.look("confirm-stopped", "GET /confirm/{token}", "This link does nothing any more").await;
}

/// The same pages in the colours of another brand.
async fn in_other_colours(tour: &mut Tour<'_>) {
    tour.server.write(|conn, _| {
        use diesel::prelude::*;
        use mannerly::db::schema::brand;
        let colours = (brand::accent.eq("#5b2a86"), brand::accent_dark.eq("#d7b8f3"));
        diesel::update(brand::table.filter(brand::slug.eq("harbour"))).set(colours).execute(conn)?;
        Ok(())
    });
    tour.open("/b/harbour/sign-up").await;
    tour.look("colours", "GET /b/{brand}/sign-up", "Hear from Harbour Weekly").await;
    // Its words changed while somebody was typing.
    tour.browser.fill("#email", "ana@example.com").await;
    tour.click("[name=choice][value='newsletter:email']").await;
    tour.server.write(|conn, _| {
        use diesel::prelude::*;
        use mannerly::db::schema::brand;
        let words = brand::consent_wording.eq("I agree that Harbour Weekly writes to me.");
        diesel::update(brand::table.filter(brand::slug.eq("harbour"))).set(words).execute(conn)?;
        Ok(())
    });
    tour.submit("main button").await;
    tour.look("sign-up-outdated", "POST /b/{brand}/sign-up", "Hear from Harbour Weekly").await;
}

async fn come_in(tour: &mut Tour<'_>) {
    const FORM: &str = "POST /b/{brand}/sign-up";
    tour.open("/b/civic/sign-up").await;
    tour.look("sign-up", "GET /b/{brand}/sign-up", "Hear from Civic Notes").await;
    tour.browser.fill("#email", "ana@").await;
    tour.click("[name=choice][value='events:phone']").await;
    tour.submit("main button").await;
    tour.look("sign-up-errors", FORM, "Hear from Civic Notes").await;
    tour.open("/b/civic/sign-up").await;
    tour.browser.fill("#email", "ana@example.com").await;
    tour.click("[name=choice][value='newsletter:email']").await;
    tour.click("#permission-opens").await;
    tour.submit("main button").await;
    tour.look("sign-up-done", FORM, "Check your inbox").await;
    let link = tour.mailed_link("ana@example.com", "/confirm/").await;
    tour.open(&link).await;
    tour.look("confirm", "GET /confirm/{token}", "Is this what you want?").await;
    tour.submit("main button").await;
    tour.look("confirmed", "POST /confirm/{token}", "Thank you").await;
    let brand = tour.server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
    let person = Person { id: tour.server.person_id("ana@example.com"), brand };
    tour.server.advance(Duration::from_secs(1));
    tour.open(&person.preferences(tour.server)).await;
    tour.submit("button[value=stop]").await;
    tour.open(&link).await;
    tour.look("confirmed-ended", "GET /confirm/{token}", "Thank you").await;

    tour.open("/b/civic/sign-up").await;
    tour.browser.fill("#email", "late@example.com").await;
    tour.click("[name=choice][value='newsletter:email']").await;
    tour.submit("main button").await;
    let link = tour.mailed_link("late@example.com", "/confirm/").await;
    tour.server.advance(Duration::from_secs(60 * 24 * 60 * 60));
    tour.open(&link).await;
    tour.look("confirm-expired", "GET /confirm/{token}", "This link has expired").await;

    tour.open("/b/civic/link").await;
    tour.look("link", "GET /b/{brand}/link", "Get a link to your choices").await;
    tour.submit("main button").await;
    tour.look("link-errors", "POST /b/{brand}/link", "Get a link to your choices").await;
    tour.browser.fill("#email", "nobody@example.com").await;
    tour.submit("main button").await;
    tour.look("link-done", "POST /b/{brand}/link", "Check your inbox").await;
    tour.server.run_jobs().await;
}

/// Letters that anybody may read, and one as it was sent.
async fn read_letters(tour: &mut Tour<'_>, person: &Person) {
    let server = tour.server;
    tour.open("/b/civic/archive").await;
    tour.look("archive-empty", "GET /b/{brand}/archive", "Emails from Civic Notes").await;
    for (subject, template) in
        [("A morning on transport", "event"), ("The month in ten minutes", "newsletter")]
    {
        let draft = server.draft(&person.brand, |form| {
            form.subject = subject.to_owned();
            form.html = format!("# {subject}\n\nHello {{{{ first_name|default(\"reader\") }}}}, [read on](https://example.org/a).\n\n\
                ![A bus](https://pictures.invalid/bus.png)\n\n[Keep me a place](https://example.org/b \"button\")\n");
            form.format = mannerly::domain::campaign::compose::Format::Markdown;
            form.template = mannerly::domain::campaign::compose::LetterTemplate::parse(template);
            form.archive = true;
        });
        server.write(|conn, now| mannerly::domain::campaign::state::schedule(conn, draft.id, None, now));
        server.run_jobs().await;
    }
    let mail = server.mails().pop().unwrap();
    tour.open("/b/civic/archive").await;
    tour.look("archive", "GET /b/{brand}/archive", "Emails from Civic Notes").await;
    tour.click(".links a").await;
    tour.look_at_letter("archive-letter", "GET /b/{brand}/archive/{campaign}", "The month in ten minutes")
        .await;
    tour.open(&mail.link("/v/")).await;
    tour.look_at_letter("view", "GET /v/{token}", "The month in ten minutes").await;
    tour.open(&format!("{}?pictures=shown", mail.link("/v/"))).await;
    tour.look_at_letter("view-pictures", "GET /v/{token}", "The month in ten minutes").await;
}

/// A campaign's report as a marketer gets it, and when it is too late.
async fn read_a_report(tour: &mut Tour<'_>, person: &Person) {
    const ROUTE: &str = "GET /report/{token}";
    let server = tour.server;
    let seed = crate::report::full(server, &person.brand);
    server.advance(Duration::from_secs(61 * 60 * 60));
    let (brand, now) = (&person.brand, server.now());
    let address = mannerly::web::report::link(&server.app.keys, brand, &seed.campaign, now);
    tour.open(&address.url).await;
    tour.look("report", ROUTE, "November").await;
    tour.click("#funnel ~ details summary").await;
    tour.look("report-tables", ROUTE, "November").await;
    server.advance(Duration::from_secs(31 * 24 * 60 * 60));
    tour.open(&address.url).await;
    tour.look("report-gone", ROUTE, "This link is no longer valid").await;
}

/// The privacy notice, its versions, and the one of a day.
async fn read_the_notice(tour: &mut Tour<'_>, person: &Person) {
    for (version, from) in [("2025-03", "2025-03-01T00:00:00Z"), ("2026-05", "2026-05-03T00:00:00Z")] {
        let form = NoticeForm {
            version: version.into(),
            language: None,
            valid_from: mannerly::clock::Moment::parse(from),
            text: format!(
                "# What we keep\n\nYour address and what you chose, since {version}.\n\n\
                 ## Why\n\n- to write to you\n- to prove what you agreed to\n\n\
                 | What | For how long |\n|---|---|\n| Your address | until you close your account |\n\n\
                 # Who else sees it\n\nNobody. [Write to us](mailto:privacy@civic.example.com) if you want to know more.\n"
            ),
        };
        tour.server.write(|conn, now| notice::add(conn, &person.brand, &form, now));
    }
    tour.open("/b/civic/privacy").await;
    tour.look("notice", "GET /b/{brand}/privacy", "Privacy notice of Civic Notes").await;
    tour.click("#versions + ul a").await;
    tour.look("notice-older", "GET /b/{brand}/privacy/{version}", "Privacy notice of Civic Notes").await;
    tour.open("/b/civic/privacy?on=2025-12-24").await;
    tour.look("notice-of-a-day", "GET /b/{brand}/privacy", "Privacy notice of Civic Notes").await;
}

/// Goes everywhere in one language, and fails with all that is wrong.
async fn go_everywhere(lang: Lang) {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let person = Person::reader(&server);
    server.other_brand();
    server.give_a_logo(&person.brand);
    browser.speak(lang.tag()).await;
    let mut tour = Tour::begin(&server, &browser, lang);
    tour.open("/").await;
    tour.look("home", "GET /", "Marketing mail that asks first").await;
    tour.open("/no-such-page").await;
    tour.look("not-found", "*", "Page not found").await;
    tour.open("/api/docs").await;
    tour.look("api-docs", "GET /api/docs", "Mannerly").await;
    go_wrong(&mut tour).await;
    in_other_colours(&mut tour).await;
    come_in_by_a_named_form(&mut tour).await;
    come_in(&mut tour).await;
    read_letters(&mut tour, &person).await;
    read_the_notice(&mut tour, &person).await;
    change_ones_mind(&mut tour, &person).await;
    look_at_choices(&mut tour, &person).await;
    ask_for_ones_data(&mut tour, &person).await;
    read_a_report(&mut tour, &person).await;

    let seen = tour.end();
    browser.stop().await;
    let routes = web::table().into_iter().filter(|entry| !entry.path.starts_with("/api/v1/"));
    let forgotten: Vec<String> = routes
        .map(|entry| format!("{} {}", entry.method, entry.path))
        .filter(|route| !seen.contains(route.as_str()) && !NO_PAGES.contains(&route.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "pages that nobody looked at: {forgotten:?}");
}

#[tokio::test]
async fn every_public_page_can_be_read_and_used_by_everybody() {
    go_everywhere(Lang::English).await;
}

#[tokio::test]
async fn every_page_in_welsh_fits_a_small_screen() {
    go_everywhere(Lang::Welsh).await;
}

#[tokio::test]
async fn every_page_in_german_fits_a_small_screen() {
    go_everywhere(Lang::German).await;
}

#[tokio::test]
async fn every_page_in_french_fits_a_small_screen() {
    go_everywhere(Lang::French).await;
}
