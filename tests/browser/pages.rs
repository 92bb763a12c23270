//! A tour of every public page in every state, held against the route table so that no new page is forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use mannerly::db::Kind;
use mannerly::domain::catalog::Channel;
use mannerly::domain::catalog::brand;
use mannerly::domain::catalog::notice::{self, NoticeForm};
use mannerly::domain::consent::permission::Kind as Permission;
use mannerly::domain::consent::suppression;
use mannerly::i18n::Lang;
use mannerly::web;
use mannerly::web::page::ProblemPage;
use serde_json::json;

use super::check;
use super::driver::Browser;
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

/// The button that people see: the first of that value stands for Enter alone.
const SAVES: &str = "button[value=save]:not(.hidden)";

struct Tour<'a> {
    server: &'a TestServer,
    browser: &'a Browser,
    /// In English everything is looked at; in other languages, whether the words fit a small screen, and axe-core's rules.
    lang: Lang,
    axe: String,
    seen: BTreeSet<&'static str>,
    faults: Vec<String>,
}

impl Tour<'_> {
    async fn open(&self, path: &str) {
        self.browser.open(&self.server.url(path)).await;
    }

    async fn click(&self, selector: &str) {
        self.browser.click(selector).await;
    }

    async fn submit(&self, selector: &str) {
        self.browser.submit(selector).await;
    }

    /// Looks at the page that is there: how it is called, which route gave it, and what its heading has to say.
    async fn look(&mut self, name: &str, route: &'static str, heading: &str) {
        self.seen.insert(route);
        let faults = if self.lang == Lang::English {
            let found = self.browser.heading().await;
            assert!(found.contains(heading), "{name}: the heading is {found}");
            check::everywhere(self.browser, name, &self.axe).await
        } else {
            let spoken = self.browser.run("return document.documentElement.lang").await;
            // What operators and programmers read is in English.
            let is_desk = name == "api-docs" || name.starts_with("report");
            assert!(spoken == self.lang.tag() || is_desk, "{name} speaks {spoken}");
            check::narrow(self.browser, name, self.lang, &self.axe).await
        };
        self.faults.extend(faults);
    }

    /// Where one is.
    async fn here(&self) -> String {
        let url = self.browser.client.current_url().await.unwrap();
        url[url::Position::BeforePath..].to_owned()
    }

    /// A page with problems has the focus on their summary, so that it is read out first.
    async fn look_at_focus(&mut self, name: &str) {
        let focused = "return document.activeElement.matches('.problem')";
        if self.browser.run(focused).await != true {
            self.faults.push(format!("{name}: the focus is not on the summary of what is wrong"));
        }
    }

    /// Looks at a letter, which is a document of its author's in a sandbox.
    async fn look_at_letter(&mut self, name: &str, route: &'static str, heading: &str) {
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

    async fn mailed_link(&self, address: &str, part: &str) -> String {
        self.server.run_jobs().await;
        let mail = self.server.mail_to(address);
        let link = mail.text.lines().find(|line| line.contains(part)).expect("a link in the mail");
        link.trim().to_owned()
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

/// What a page says when something goes wrong that no test brings about in a browser: written by the server's own code
/// into a page of the server's.
async fn go_wrong(tour: &mut Tour<'_>) {
    let after = Some(Duration::from_secs(600));
    for (status, name, heading) in [
        (400, "damaged", "That did not work"),
        (409, "conflict", "That is no longer possible"),
        (413, "too-large", "That was too much"),
        (429, "too-many", "Too many tries"),
        (500, "our-fault", "Something went wrong"),
        (503, "unavailable", "We cannot answer just now"),
    ] {
        let page = web::page::render(&ProblemPage::for_status(tour.lang, status, after)).unwrap();
        tour.open("/").await;
        let write = format!("document.open(); document.write({}); document.close()", serde_json::json!(page));
        tour.browser.run(&write).await;
        let is_there = "return document.readyState === 'complete' && document.styleSheets.length === 1";
        let wait = async { while tour.browser.run(is_there).await != true {} };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the page should be there");
        tour.look(name, "*", heading).await;
    }
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

/// The preference page in its other states: with an error, in a browser that asks not to be tracked, while it pauses.
async fn look_at_choices(tour: &mut Tour<'_>, person: &Person) {
    const ACT: &str = "GET /r/{token}";
    let url = person.preferences(tour.server);
    for kind in [Permission::Opens, Permission::Clicks] {
        person.allow(tour.server, kind);
    }
    for topic in ["events", "grants"] {
        person.grant(tour.server, topic, Channel::Email);
    }
    person.at(tour.server.read(|conn| brand::find(conn, "harbour"))).grant(
        tour.server,
        "newsletter",
        Channel::Email,
    );
    tour.open(&url).await;
    tour.click(".others summary").await;
    tour.look("preferences-tracked", "GET /p/{token}", "Your choices at Civic Notes").await;
    tour.browser.devtools("Network.enable", json!({})).await;
    let ask = |headers| tour.browser.devtools("Network.setExtraHTTPHeaders", json!({ "headers": headers }));
    let tag = tour.lang.tag();
    ask(json!({ "Accept-Language": tag, "Sec-GPC": "1" })).await;
    tour.open(&url).await;
    ask(json!({ "Accept-Language": tag })).await;
    tour.look("preferences-gpc", "GET /p/{token}", "Your choices at Civic Notes").await;
    tour.open(&url).await;
    tour.browser.run("document.querySelector('#pause_until').value = '2020-01-01'").await;
    tour.browser.run("document.querySelector('form').noValidate = true").await;
    tour.click("[name=choice][value='transport:email']").await;
    tour.submit("button[value=pause]").await;
    tour.look_at_focus("preferences-wrong-day").await;
    tour.look("preferences-wrong-day", "POST /p/{token}", "Your choices at Civic Notes").await;

    tour.open(&url).await;
    tour.click("[name=choice][value='transport:email']").await;
    tour.submit("button[value=only]").await;
    tour.look("result-only", ACT, "Saved").await;
    let only = tour.here().await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.submit("button[value=pause]").await;
    tour.look("result-paused", ACT, "Paused until").await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.look("preferences-paused", "GET /p/{token}", "Your choices at Civic Notes").await;
    tour.click("[name=choice][value='transport:email']").await;
    tour.submit(".buttons button[value=save]").await;
    tour.look("result-while-paused", ACT, "Saved").await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.submit("button[value=resume]").await;
    tour.look("result-resumed", ACT, "The pause is over").await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.submit("button[value=no-tracking]").await;
    tour.look("result-no-tracking", ACT, "Saved").await;
    let tracked = tour.here().await;
    tour.submit("button[value=undo]").await;
    tour.open(&tracked).await;
    tour.look("undo-done", ACT, "Saved").await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.submit("button[value=stop]").await;
    tour.click("#reason-other").await;
    tour.submit("button[value=reason]").await;
    tour.look("reason-thanks", ACT, "Everything is stopped").await;
    let stopped = tour.here().await;
    tour.open(&only).await;
    tour.look("undo-overtaken", ACT, "Saved").await;
    forbid(tour.server);
    tour.open(&stopped).await;
    tour.look("undo-forbidden", ACT, "Everything is stopped").await;
    permit(tour.server);
    tour.open(&stopped).await;
    tour.submit("button[value=undo]").await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.click(".others summary").await;
    tour.submit("button[value='other-link:harbour']").await;
    tour.look("other-link", "POST /p/{token}", "Check your inbox").await;
    tour.server.run_jobs().await;
    tour.server.mails();
}

/// The address complained, and must not be written to.
fn forbid(server: &TestServer) {
    server.write(|conn, now| {
        let hash = suppression::hash(&server.app.keys, Channel::Email, crate::person::ADDRESS)?;
        suppression::add(conn, &hash, Channel::Email, None, suppression::Reason::Complaint, now)
    });
}

/// As it was before [`forbid`].
fn permit(server: &TestServer) {
    use diesel::prelude::*;
    use mannerly::db::schema::suppression;
    server.write(|conn, _| Ok(diesel::delete(suppression::table).execute(conn)?));
}

async fn change_ones_mind(tour: &mut Tour<'_>, person: &Person) {
    const SAVE: &str = "POST /p/{token}";
    let url = person.preferences(tour.server);
    person.answer(
        tour.server,
        "webinars",
        Channel::Email,
        mannerly::domain::consent::opt_in::Answer::Pending,
    );
    tour.open(&url).await;
    tour.look("preferences", "GET /p/{token}", "Your choices at Civic Notes").await;
    tour.submit(SAVES).await;
    tour.server.advance(Duration::from_secs(1));
    tour.open(&url).await;
    tour.submit(SAVES).await;
    tour.look("preferences-unchanged", SAVE, "Nothing changed").await;
    tour.open(&url).await;
    tour.click("[name=choice][value='transport:email']").await;
    tour.click("[name=choice][value='newsletter:post']").await;
    tour.click("#permission-clicks").await;
    tour.submit(SAVES).await;
    tour.look("preferences-saved", "GET /r/{token}", "Saved").await;
    tour.submit("button[value=undo]").await;
    tour.look("preferences-undone", "POST /r/{token}", "Undone").await;
    // Another tab has changed something since.
    tour.open(&url).await;
    person.answer(
        tour.server,
        "newsletter",
        Channel::Email,
        mannerly::domain::consent::opt_in::Answer::Withdrawn,
    );
    tour.submit(SAVES).await;
    tour.look_at_focus("preferences-outdated").await;
    tour.look("preferences-outdated", SAVE, "Your choices at Civic Notes").await;
    tour.submit("button[value=stop]").await;
    tour.look("preferences-stopped", SAVE, "Everything is stopped").await;
    person.grant(tour.server, "newsletter", Channel::Post);
    let url = person.unsubscribe(tour.server);
    tour.open(&url).await;
    tour.look("unsubscribe", "GET /u/{token}", "Unsubscribe").await;
    tour.submit("main button").await;
    tour.look("unsubscribed", "POST /u/{token}", "You are unsubscribed").await;
}

const MOVED: &str = "moved@elsewhere.example";

async fn use_another_address(tour: &mut Tour<'_>, person: &Person, data: &str) {
    const ACT: &str = "POST /d/{token}";
    tour.submit("button[value=change-address]").await;
    tour.look("address-errors", ACT, "Your data at Civic Notes").await;
    tour.browser.fill("#new_email", "taken@elsewhere.example").await;
    tour.submit("button[value=change-address]").await;
    tour.look("address-sent", ACT, "Check the new inbox").await;
    let link = tour.mailed_link("taken@elsewhere.example", "/a/").await;
    let overtaken = link.clone();
    tour.server.person(&person.brand, "taken@elsewhere.example");
    tour.open(&link).await;
    tour.look("address-taken", "GET /a/{token}", "This address has an account of its own").await;
    tour.open(data).await;
    tour.browser.fill("#new_email", MOVED).await;
    tour.submit("button[value=change-address]").await;
    let link = tour.mailed_link(MOVED, "/a/").await;
    tour.open(&link).await;
    tour.look("address-confirm", "GET /a/{token}", "Use this address?").await;
    tour.server.advance(Duration::from_secs(60));
    tour.submit("main button").await;
    tour.look("address-changed", "POST /a/{token}", "Your address is changed").await;
    tour.server.run_jobs().await;
    tour.server.mail_to(crate::person::ADDRESS);
    tour.open(&overtaken).await;
    tour.look("address-overtaken", "GET /a/{token}", "This link is no longer valid").await;
    tour.open(data).await;
    tour.look("data-moved", "GET /d/{token}", "This link is no longer valid").await;
}

async fn ask_for_ones_data(tour: &mut Tour<'_>, person: &Person) {
    const ACT: &str = "POST /d/{token}";
    tour.open(&person.preferences(tour.server)).await;
    tour.submit("button[value=data-link]").await;
    tour.look("data-link-sent", "POST /p/{token}", "Check your inbox").await;
    let link = tour.mailed_link(crate::person::ADDRESS, "/d/").await;
    tour.open(&link).await;
    tour.look("data", "GET /d/{token}", "Your data at Civic Notes").await;
    tour.submit("button[value=erase]").await;
    tour.look("data-errors", ACT, "Your data at Civic Notes").await;
    tour.browser.fill("#phone", "0118 496 0111").await;
    tour.submit("button[value=correct]").await;
    tour.look("data-correct-errors", ACT, "Your data at Civic Notes").await;
    tour.open(&link).await;
    tour.browser.fill("#company", "Council of Exampleton").await;
    tour.submit("button[value=correct]").await;
    tour.look("data-saved", ACT, "Your data at Civic Notes").await;
    use_another_address(tour, person, &link).await;
    tour.open(&person.preferences(tour.server)).await;
    tour.submit("button[value=data-link]").await;
    let link = tour.mailed_link(MOVED, "/d/").await;
    tour.open(&link).await;
    tour.click("#understood").await;
    tour.submit("button[value=erase]").await;
    tour.look("erased", ACT, "Your account is closed").await;
    let url = person.unsubscribe(tour.server);
    tour.open(&url).await;
    tour.submit("main button").await;
    tour.look("unsubscribed-erased", "POST /u/{token}", "You are unsubscribed").await;
    tour.server.advance(Duration::from_secs(25 * 60 * 60));
    tour.open(&link).await;
    tour.look("link-gone", "GET /d/{token}", "This link is no longer valid").await;
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
}

/// Goes everywhere in one language, and fails with all that is wrong.
async fn go_everywhere(lang: Lang) {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let person = Person::reader(&server);
    server.other_brand();
    server.give_a_logo(&person.brand);
    browser.speak(lang.tag()).await;
    let mut tour = Tour {
        server: &server,
        browser: &browser,
        lang,
        axe: check::axe(),
        seen: BTreeSet::new(),
        faults: Vec::new(),
    };
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

    let Tour { seen, faults, .. } = tour;
    browser.stop().await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
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

#[tokio::test]
async fn a_number_is_asked_for_when_its_channel_is_ticked_also_without_scripts() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.scripts(false).await;
    server.demo_brand();
    let shown = async |id: &str| {
        browser.run(&format!("return document.getElementById('{id}').checkVisibility()")).await == true
    };
    browser.open(&server.url("/b/civic/sign-up")).await;
    assert!(!shown("phone").await && !shown("postal_address").await && shown("email").await);
    browser.click("[name=choice][value='events:phone']").await;
    assert!(shown("phone").await && !shown("postal_address").await);
    browser.click("[name=choice][value='events:phone']").await;
    assert!(!shown("phone").await);
    browser.click("[name=choice][value='newsletter:email']").await;
    browser.click("[name=choice][value='newsletter:post']").await;
    browser.fill("#email", "ana@example.com").await;
    browser.submit("main button").await;
    assert!(shown("postal_address").await && shown("postal_address-error").await && !shown("phone").await);
    browser.click("[name=choice][value='newsletter:post']").await;
    assert!(shown("postal_address-error").await, "what is wrong stays to be seen");
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    server.run_jobs().await;
    server.mail_to("ana@example.com");
    browser.stop().await;
}

#[tokio::test]
async fn the_checks_find_what_is_wrong_with_a_page() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let axe = check::axe();
    for (spoil, sign) in [
        ("const image = document.createElement('img'); image.width = 40; main.append(image)", "image-alt"),
        ("main.querySelector('p').style.color = '#cccccc'", "color-contrast"),
        ("main.append(document.createElement('input'))", "label"),
        ("document.documentElement.lang = ''", "html-has-lang"),
        ("main.style.width = '2000px'; main.style.maxWidth = 'none'", "wider than the window"),
        ("main.querySelector('a').style.outline = 'none'", "the focus cannot be seen"),
        (
            "main.querySelector('a').tabIndex = -1; main.querySelector('a').focus()",
            "the tabulator should reach",
        ),
        ("document.cookie = 'a=b'", "a cookie"),
    ] {
        browser.open(&server.url("/")).await;
        browser.run(&format!("const main = document.querySelector('main'); {spoil}")).await;
        let faults = check::everywhere(&browser, "spoilt", &axe).await;
        assert!(faults.iter().any(|fault| fault.contains(sign)), "{spoil}: {faults:?}");
        browser.client.delete_all_cookies().await.unwrap();
    }
    for look in super::driver::Look::ALL {
        std::fs::remove_file(check::pictures().join(format!("spoilt-{}.png", look.name()))).unwrap();
    }
    browser.stop().await;
}

#[tokio::test]
async fn the_pages_do_all_their_work_without_scripts() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.scripts(false).await;
    let person = Person::reader(&server);
    browser.open(&server.url(&person.preferences(&server))).await;
    browser.click("[name=choice][value='newsletter:post']").await;
    browser.submit(SAVES).await;
    assert_eq!(browser.heading().await, "Saved, and it works now");
    browser.open(&server.url(&person.unsubscribe(&server))).await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "You are unsubscribed");
    browser.open(&server.url("/b/civic/sign-up")).await;
    browser.fill("#email", "ana@example.com").await;
    browser.click("[name=choice][value='newsletter:email']").await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    server.run_jobs().await;
    let mail = server.mail_to("ana@example.com");
    browser.open(mail.text.lines().find(|line| line.contains("/confirm/")).unwrap().trim()).await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Thank you, that is confirmed");
    let seed = crate::report::full(&server, &person.brand);
    let address = mannerly::web::report::link(&server.app.keys, &person.brand, &seed.campaign, server.now());
    browser.open(&address.url).await;
    assert!(browser.heading().await.contains("November"));
    browser.click("#funnel ~ details summary").await;
    assert_eq!(browser.run("return document.querySelector('details').open").await, true);
    browser.stop().await;
}

#[tokio::test]
async fn the_pages_of_ones_data_and_the_archive_work_without_scripts() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.scripts(false).await;
    let person = Person::reader(&server);
    let mailed = async |address: &str, part: &str| {
        server.run_jobs().await;
        server.mail_to(address).link(part)
    };
    browser.open(&server.url(&person.preferences(&server))).await;
    browser.submit("button[value=data-link]").await;
    let link = mailed(crate::person::ADDRESS, "/d/").await;
    browser.open(&link).await;
    browser.fill("#company", "Council").await;
    browser.submit("button[value=correct]").await;
    assert!(
        browser
            .run("return document.querySelector('[role=status]').textContent")
            .await
            .as_str()
            .unwrap()
            .contains("Saved")
    );
    browser.fill("#new_email", MOVED).await;
    browser.submit("button[value=change-address]").await;
    assert_eq!(browser.heading().await, "Check the new inbox");
    let change = mailed(MOVED, "/a/").await;
    server.advance(Duration::from_secs(60));
    browser.open(&change).await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Your address is changed");
    server.run_jobs().await;
    server.mail_to(crate::person::ADDRESS);
    browser.open(&link).await;
    assert_eq!(browser.heading().await, "This link is no longer valid");
    browser.submit(".links a").await;
    assert_eq!(browser.heading().await, "Get a link to your choices");
    let draft = server.draft(&person.brand, |form| form.archive = true);
    server.write(|conn, now| mannerly::domain::campaign::state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    server.mails();
    browser.open(&server.url("/b/civic/archive")).await;
    browser.submit(".links a").await;
    assert!(browser.client.current_url().await.unwrap().path().starts_with("/b/civic/archive/"));
    browser.stop().await;
}

/// A site of somebody else's: one page, at an origin of its own.
async fn other_site(listener: tokio::net::TcpListener, page: String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = vec![0; 8192];
        let _ = stream.read(&mut request).await;
        let length = page.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
    }
}

#[tokio::test]
async fn another_site_shows_the_form_in_a_frame_and_posts_a_copy_of_it() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let (named, stranger) = (
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let origin = |listener: &tokio::net::TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let (named_at, stranger_at) = (origin(&named), origin(&stranger));
    let mut form = crate::sign_up_forms::fair();
    form["origins"] = serde_json::json!([named_at]);
    let key = crate::sign_up_forms::with_a_form(&server, form).await;
    let path = "/brands/civic/sign-up-forms/fair/snippets";
    let snippets = server.api(&key, "GET", path, serde_json::Value::Null).await.expect(200).json();
    let (html, iframe) = (snippets["html"].as_str().unwrap(), snippets["iframe"].as_str().unwrap());
    let page =
        format!("<!doctype html><html lang=\"en\"><title>A fair</title><h1>A fair</h1>{iframe}{html}</html>");
    tokio::spawn(other_site(named, page.clone()));
    tokio::spawn(other_site(stranger, page));

    // Where it is named, the frame shows the form, takes it, and shows what comes of it.
    browser.open(&named_at).await;
    let frame = browser.client.find(fantoccini::Locator::Css("iframe")).await.unwrap();
    frame.enter_frame().await.unwrap();
    assert_eq!(browser.heading().await, "Meet us at the fair");
    std::fs::write(check::pictures().join("other-site-wide.png"), browser.picture().await).unwrap();
    // All of it is seen at once, on a telephone and on a wide screen, and there is not much room left.
    browser.click("[name=choice][value='events:phone']").await;
    for width in [360, 1000] {
        browser.screen(width, false).await;
        let heights = browser.run("return [document.querySelector('main').scrollHeight, innerHeight]").await;
        let (form, frame) = (heights[0].as_f64().unwrap(), heights[1].as_f64().unwrap());
        assert!(
            form <= frame && frame < 1.4 * form,
            "{width} px wide: a form of {form} px in a frame of {frame}"
        );
    }
    browser.click("[name=choice][value='events:phone']").await;
    browser.fill("#email", "ana@example.com").await;
    browser.fill("#first_name", "Ana").await;
    browser.click("[name=choice][value='events:email']").await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    server.run_jobs().await;
    server.mail_to("ana@example.com");

    // The copy posts to our page, which is a whole page then.
    browser.open(&named_at).await;
    browser.fill("body > form [name=email]", "bob@example.com").await;
    browser.fill("body > form [name=first_name]", "Bob").await;
    browser.click("body > form [name=choice][value='events:email']").await;
    browser.submit("body > form button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    assert_eq!(browser.run("return document.querySelectorAll('header').length").await, 1);
    server.run_jobs().await;
    server.mail_to("bob@example.com");

    // Where it is not, the browser shows nothing of ours.
    browser.open(&stranger_at).await;
    let frame = browser.client.find(fantoccini::Locator::Css("iframe")).await.unwrap();
    frame.enter_frame().await.unwrap();
    assert_eq!(browser.run("return document.querySelectorAll('form').length").await, 0);
    browser.stop().await;
}

#[tokio::test]
async fn a_browser_with_scripts_solves_the_challenge_while_its_person_types() {
    use mannerly::domain::intake::Options;
    let patient = Options { unproven_delay: Duration::from_secs(60), unproven_hourly: 60 };
    let server = TestServer::start_with(Kind::Sqlite, |options| options.intake = patient).await;
    server.demo_brand();
    let browser = Browser::start().await;
    for (scripts, email) in [(true, "quick@example.com"), (false, "patient@example.com")] {
        browser.scripts(scripts).await;
        browser.open(&server.url("/b/civic/sign-up")).await;
        browser.fill("#email", email).await;
        browser.click("[name=choice][value='newsletter:email']").await;
        if scripts {
            let solved = "return document.querySelector('[name=proof]').value !== ''";
            let wait = async { while browser.run(solved).await != true {} };
            tokio::time::timeout(Duration::from_secs(60), wait).await.expect("a solution");
        }
        browser.submit("main button").await;
        assert_eq!(browser.heading().await, "Check your inbox");
        server.run_jobs().await;
        assert_eq!(server.mails().len(), usize::from(scripts), "{email}");
    }
    server.advance(Duration::from_secs(60));
    server.run_jobs().await;
    server.mail_to("patient@example.com");
    browser.stop().await;
}
