//! What must hold for a page that the browser shows: no violation that axe-core finds, nothing wider than the window,
//! nothing from elsewhere, no cookie, everything to be reached and seen with the keyboard alone, and text that may be spaced
//! out and read from the other side.

use std::fs;
use std::path::{Path, PathBuf};

use mannerly::db::Kind;
use mannerly::i18n::Lang;
use serde_json::Value;

use super::driver::{Browser, Look};
use super::reflow;
use crate::support::server::TestServer;

/// Where the pictures are left, to be looked at.
pub(crate) fn pictures() -> PathBuf {
    let folder = target().join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

/// axe-core's source, as `./test` leaves it.
pub(crate) fn axe() -> String {
    let file = target().join("axe-core/axe.min.js");
    fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}. ./test fetches it with npm (function fetch_axe).", file.display())
    })
}

/// Looks at the page in every way, and leaves a picture of each.
pub(crate) async fn everywhere(browser: &Browser, name: &str, axe: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for look in Look::ALL {
        browser.look(look).await;
        let here = format!("{name}, {}", look.name());
        faults
            .extend(violations(browser, axe, &[]).await.into_iter().map(|fault| format!("{here}: {fault}")));
        faults.extend(too_wide(browser).await.map(|fault| format!("{here}: {fault}")));
        let file = pictures().join(format!("{name}-{}.png", look.name()));
        fs::write(file, browser.picture().await).unwrap();
    }
    faults.extend(foreign(browser).await.into_iter().map(|fault| format!("{name}: {fault}")));
    for look in [Look::Narrow, Look::Wide] {
        browser.look(look).await;
        let mut found = keyboard(browser).await;
        found.extend(reflow::spaced_out(browser).await);
        found.extend(reflow::from_right_to_left(browser).await);
        faults.extend(found.into_iter().map(|fault| format!("{name}, {}: {fault}", look.name())));
    }
    faults
}

/// Looks at the page in a language that may have longer words, on a small screen with a picture of it, and on a wide one.
pub(crate) async fn words(browser: &Browser, name: &str, lang: Lang, axe: &str) -> Vec<String> {
    browser.look(Look::Wide).await;
    let mut faults = reflow::spaced_out(browser).await;
    browser.look(Look::Narrow).await;
    faults.extend(violations(browser, axe, &[]).await);
    faults.extend(too_wide(browser).await);
    faults.extend(reflow::spaced_out(browser).await);
    let file = pictures().join(format!("{name}-{}-narrow.png", lang.tag()));
    fs::write(file, browser.picture().await).unwrap();
    faults.into_iter().map(|fault| format!("{name} in {lang:?}: {fault}")).collect()
}

/// The same for a letter, whose author decides on headings and landmarks, and which has no cookies to ask for. Its sandbox
/// lets nothing run, axe-core neither, so what it says of itself is asked of a copy.
pub(crate) async fn letter(browser: &Browser, name: &str, html: &str, axe: &str) -> Vec<String> {
    for look in Look::ALL {
        browser.look(look).await;
        fs::write(pictures().join(format!("{name}-{}.png", look.name())), browser.picture().await).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("letter.html");
    fs::write(&copy, html).unwrap();
    let here = browser.client.current_url().await.unwrap();
    browser.open(&format!("file://{}", copy.display())).await;
    let mut faults = Vec::new();
    for look in Look::ALL {
        browser.look(look).await;
        let mut found = violations(browser, axe, &LAW).await;
        found.extend(too_wide(browser).await);
        faults.extend(found.into_iter().map(|fault| format!("{name}, {}: {fault}", look.name())));
    }
    browser.look(Look::Wide).await;
    browser.open(here.as_str()).await;
    // What its author shows from elsewhere is theirs.
    browser.requests().await;
    faults
}

/// The rules of WCAG, without what axe-core holds for good besides.
pub(crate) const LAW: [&str; 4] = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/// What axe-core has to say: by the rules of these kinds, or by all that it has.
pub(crate) async fn violations(browser: &Browser, axe: &str, kinds: &[&str]) -> Vec<String> {
    let known = browser.run("return typeof window.axe").await;
    if known == "undefined" {
        browser.run(axe).await;
    }
    // The size of what one presses (WCAG 2.2, 2.5.8) is looked at only by who asks for it.
    let script = "const [kinds, done] = arguments; const only = kinds.length ? { runOnly: kinds } : {}; \
        const options = { ...only, rules: { 'target-size': { enabled: true } } }; \
        axe.run(options).then(done, error => done(String(error)))";
    let found = browser.client.execute_async(script, vec![Value::from(kinds)]).await.unwrap();
    let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe-core failed: {found}"));
    let told = |violation: &Value| {
        let nodes: Vec<&str> =
            violation["nodes"].as_array().unwrap().iter().filter_map(|node| node["html"].as_str()).collect();
        format!("{}: {}: {nodes:?}", violation["id"], violation["help"])
    };
    violations.iter().map(told).collect()
}

/// Whether one has to scroll sideways to read.
pub(crate) async fn too_wide(browser: &Browser) -> Option<String> {
    let script = "const root = document.documentElement; return [root.scrollWidth, root.clientWidth]";
    let widths = browser.run(script).await;
    (widths[0].as_i64() > widths[1].as_i64()).then(|| format!("wider than the window: {widths}"))
}

/// What is wrong with how a page says that something is wrong: its summary has the focus, so that it is read out
/// first, each link of it leads to a field, and the title says so before anything else.
pub(crate) async fn problems(browser: &Browser, lang: Lang) -> Vec<String> {
    // The focus goes there when the page is painted first.
    let script = "const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(() => { \
        const summary = document.querySelector('.problem'); if (!summary) return done(null); \
        const dead = [...summary.querySelectorAll('a')].filter(link => !document.querySelector(link.hash)); \
        done([document.activeElement === summary, dead.map(link => link.hash), document.title]) }))";
    let found = browser.client.execute_async(script, Vec::new()).await.unwrap();
    if found.is_null() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if found[0] != true {
        faults.push("the focus is not on the summary of what is wrong".to_owned());
    }
    if found[1] != Value::Array(Vec::new()) {
        faults.push(format!("the summary leads nowhere: {}", found[1]));
    }
    if !found[2].as_str().unwrap().starts_with(&lang.say("error-prefix").to_string()) {
        faults.push(format!("the title does not begin with what is wrong: {}", found[2]));
    }
    faults
}

/// Whatever was asked of another host since the last page, and any cookie (SEC-02).
async fn foreign(browser: &Browser) -> Vec<String> {
    let origin = browser.client.current_url().await.unwrap().origin().ascii_serialization();
    // The browser's own empty page, and pictures that are in the address itself, come over no network.
    let is_own =
        |url: &str| [&*format!("{origin}/"), "chrome:", "data:"].iter().any(|own| url.starts_with(own));
    let elsewhere = browser.requests().await.into_iter().filter(|url| !is_own(url));
    let mut faults: Vec<String> = elsewhere.map(|url| format!("from elsewhere: {url}")).collect();
    if browser.run("return document.cookie").await != "" {
        faults.push("a cookie".to_owned());
    }
    faults
}

/// The place of the date field that has the focus.
const INSIDE_A_DATE: &str =
    "const here = document.activeElement; return here.type === 'date' ? Number(here.dataset.order) : null";

/// What the tabulator does not reach, reaches out of order, or reaches without showing it (WCAG 2.2, 2.1.1, 2.4.3,
/// 2.4.7, 2.4.11).
async fn keyboard(browser: &Browser) -> Vec<String> {
    // One stop for a group of radio buttons, which the arrow keys go through.
    // Nor is there one for a button that stands for Enter alone.
    let mark = "const named = radio => [...radio.form.querySelectorAll('[type=radio]')].filter(one => one.name === radio.name); const wanted = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, \
        select, summary, [tabindex=\"0\"]')].filter(element => element.checkVisibility()) \
        .filter(element => !element.matches('button[tabindex=\"-1\"][aria-hidden=true]')) \
        .filter(element => element.type !== 'radio' || element.checked || (!named(element).some(one => one.checked) \
        && element === named(element)[0])); \
        wanted.forEach((element, index) => element.dataset.order = index); \
        document.activeElement.blur(); window.scrollTo(0, 0); return wanted.length";
    let wanted = browser.run(mark).await.as_i64().unwrap();
    // Focus begins again at the top of the page.
    browser
        .run("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
        .await;
    let mut faults = Vec::new();
    for order in 0..wanted {
        browser.tab().await;
        // A date has a stop for each of its parts.
        while browser.run(INSIDE_A_DATE).await == order - 1 {
            browser.tab().await;
        }
        let script = "const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect(); \
            return { order: here.dataset.order ?? here.outerHTML.slice(0, 200), html: here.outerHTML.slice(0, 200), \
            outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth), \
            seen: box.bottom > 0 && box.top < innerHeight }";
        let focus = browser.run(script).await;
        if focus["order"].as_str() != Some(order.to_string().as_str()) {
            faults.push(format!("the tabulator should reach element {order}, and is at {focus}"));
            break;
        }
        if focus["outline"].as_f64().unwrap_or_default() < 2.0 {
            faults.push(format!("the focus cannot be seen: {}", focus["html"]));
        }
        if focus["seen"] != true {
            faults.push(format!("the focus is outside of the window: {}", focus["html"]));
        }
    }
    faults
}

#[tokio::test]
async fn the_checks_find_what_is_wrong_with_a_page() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let axe = axe();
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
        ("main.appendChild(new Image()).src = 'http://elsewhere.invalid/a.png'", "from elsewhere"),
        (
            "for (const text of 'ab') { const button = main.appendChild(document.createElement('button')); \
             button.textContent = text; button.style = 'min-height: 0; width: 1rem; height: 1rem; padding: 0' }",
            "target-size",
        ),
        ("main.querySelector('p').style.maxHeight = '2em'", "lies on"),
        ("main.querySelector('p').style.marginLeft = '3rem'", "not mirrored"),
    ] {
        browser.open(&server.url("/")).await;
        browser.run(&format!("const main = document.querySelector('main'); {spoil}")).await;
        let faults = everywhere(&browser, "spoilt", &axe).await;
        assert!(faults.iter().any(|fault| fault.contains(sign)), "{spoil}: {faults:?}");
        browser.client.delete_all_cookies().await.unwrap();
    }
    for look in Look::ALL {
        fs::remove_file(pictures().join(format!("spoilt-{}.png", look.name()))).unwrap();
    }
    browser.stop().await;
}
