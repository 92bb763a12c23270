//! What must hold for a page that the browser shows: no violation that axe-core finds, nothing wider than the window,
//! nothing from elsewhere, no cookie, and everything to be reached and seen with the keyboard alone.

use std::fs;
use std::path::{Path, PathBuf};

use mannerly::i18n::Lang;
use serde_json::Value;

use super::driver::{Browser, Look};

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
        let found = keyboard(browser).await;
        faults.extend(found.into_iter().map(|fault| format!("{name}, {}: {fault}", look.name())));
    }
    faults
}

/// Looks at the page on a small screen in a language that may have longer words, and leaves a picture of it.
pub(crate) async fn narrow(browser: &Browser, name: &str, lang: Lang, axe: &str) -> Vec<String> {
    browser.look(Look::Narrow).await;
    let mut faults = violations(browser, axe, &[]).await;
    faults.extend(too_wide(browser).await);
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
    let script = "const [kinds, done] = arguments; const only = kinds.length ? { runOnly: kinds } : {}; \
        axe.run(only).then(done, error => done(String(error)))";
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

/// Whatever came from another host, and any cookie (SEC-02).
async fn foreign(browser: &Browser) -> Vec<String> {
    let script = "const own = url => url.startsWith(location.origin + '/'); \
        const loaded = performance.getEntriesByType('resource').map(entry => entry.name); \
        return loaded.filter(url => !own(url)).concat(document.cookie ? ['a cookie'] : [])";
    browser.run(script).await.as_array().unwrap().iter().map(|url| format!("from elsewhere: {url}")).collect()
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
