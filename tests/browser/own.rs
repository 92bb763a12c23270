//! The part of the tour that is about one person: their choices, their data, and another address.

use std::time::Duration;

use mannerly::domain::catalog::{Channel, brand};
use mannerly::domain::consent::opt_in::Answer;
use mannerly::domain::consent::permission::Kind as Permission;
use mannerly::domain::consent::suppression::Reason;
use serde_json::json;

use super::pages::Tour;
use crate::person::Person;
use crate::support::server::TestServer;

/// The button that people see: the first of that value stands for Enter alone.
pub(super) const SAVES: &str = "button[value=save]:not(.hidden)";

/// The preference page in its other states: with an error, in a browser that asks not to be tracked, while it pauses.
pub(super) async fn look_at_choices(tour: &mut Tour<'_>, person: &Person) {
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
    tour.click("[name=reason][value=other]").await;
    tour.submit("button[value=reason]").await;
    tour.look("reason-thanks", ACT, "Everything is stopped").await;
    let stopped = tour.here().await;
    tour.open(&only).await;
    tour.look("undo-overtaken", ACT, "Saved").await;
    tour.server.suppress(crate::person::ADDRESS, None, Reason::Complaint);
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

/// No address is forbidden any more.
fn permit(server: &TestServer) {
    use diesel::prelude::*;
    use mannerly::db::schema::suppression;
    server.write(|conn, _| Ok(diesel::delete(suppression::table).execute(conn)?));
}

pub(super) async fn change_ones_mind(tour: &mut Tour<'_>, person: &Person) {
    const SAVE: &str = "POST /p/{token}";
    let url = person.preferences(tour.server);
    person.answer(tour.server, "webinars", Channel::Email, Answer::Pending);
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
    person.answer(tour.server, "newsletter", Channel::Email, Answer::Withdrawn);
    tour.submit(SAVES).await;
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

pub(super) const MOVED: &str = "moved@elsewhere.example";

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

pub(super) async fn ask_for_ones_data(tour: &mut Tour<'_>, person: &Person) {
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
