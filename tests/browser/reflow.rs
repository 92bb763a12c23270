//! Pages whose reader changes how text is set: spaced out (WCAG 2.2, 1.4.12), or written from right to left.

use serde_json::Value;

use super::check::too_wide;
use super::driver::Browser;

/// The four distances of WCAG 2.2, 1.4.12, set by the browser's owner, whom no policy of ours concerns.
const SPACE_OUT: &str = "const sheet = new CSSStyleSheet(); sheet.replaceSync('* { line-height: 1.5 !important; \
    letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }'); \
    document.adoptedStyleSheets = [sheet]";

/// Text that lies on other text, or sticks out of its box.
const UNREADABLE: &str = "const found = [], range = document.createRange(); \
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); \
    const faults = [], told = node => node.data.trim().slice(0, 60); \
    while (walker.nextNode()) { \
        const node = walker.currentNode, owner = node.parentElement; \
        if (!node.data.trim() || !owner.checkVisibility() || owner.closest('.hidden, option, svg')) continue; \
        let box = owner; while (getComputedStyle(box).display === 'inline') box = box.parentElement; \
        const edge = box.getBoundingClientRect(); range.selectNodeContents(node); \
        for (const rect of range.getClientRects()) { \
            if (rect.left < edge.left - 1 || rect.right > edge.right + 1 || rect.bottom > edge.bottom + 3) \
                faults.push(`text sticks out of its box: ${told(node)}`); \
            for (const [other, there] of found) { \
                const across = Math.min(rect.right, there.right) - Math.max(rect.left, there.left); \
                const down = Math.min(rect.bottom, there.bottom) - Math.max(rect.top, there.top); \
                if (other !== node && across > 2 && down > 3) faults.push(`${told(node)} lies on ${told(other)}`); \
            } \
            found.push([node, rect]); \
        } \
    } \
    return [...new Set(faults)]";

/// What stays where it was when everything else changes sides: boxes, their borders, and the space in them. The text itself
/// runs as before, so that its lines end at the same words.
const NOT_MIRRORED: &str = "const boxes = [...document.querySelectorAll('body, body *')].filter(box => box.checkVisibility() && \
        !box.closest('.hidden, select, svg') && !/^(inline|contents)/.test(getComputedStyle(box).display)); \
    const measured = (box, start, end) => { \
        const style = getComputedStyle(box), at = box.getBoundingClientRect(); \
        return [start === 'Left' ? at.left : innerWidth - at.right, at.top, at.width, \
            ...['padding', 'border'].flatMap(part => [start, end].map(side => \
            parseFloat(style[part + side + (part === 'border' ? 'Width' : '')]))), \
            ['left', 'right'].includes(style.textAlign) ? NaN : 0]; \
    }; \
    const sheet = new CSSStyleSheet(); sheet.replaceSync('* { unicode-bidi: plaintext !important }'); \
    document.adoptedStyleSheets = [sheet]; \
    const before = boxes.map(box => measured(box, 'Left', 'Right')); \
    document.documentElement.dir = 'rtl'; \
    const after = boxes.map(box => measured(box, 'Right', 'Left')); \
    document.adoptedStyleSheets = []; \
    return boxes.filter((_, at) => before[at].some((value, part) => !(Math.abs(value - after[at][part]) < 2))) \
        .map(box => box.outerHTML.slice(0, 120))";

/// What cannot be read any more once a reader spaces the text out.
pub(crate) async fn spaced_out(browser: &Browser) -> Vec<String> {
    browser.run(SPACE_OUT).await;
    let mut faults = told("spaced out", &browser.run(UNREADABLE).await);
    faults.extend(too_wide(browser).await.map(|fault| format!("spaced out: {fault}")));
    browser.run("document.adoptedStyleSheets = []").await;
    faults
}

/// What does not change sides with the direction of writing, as the languages to come will need.
pub(crate) async fn from_right_to_left(browser: &Browser) -> Vec<String> {
    let mut faults = told("from right to left, not mirrored", &browser.run(NOT_MIRRORED).await);
    faults.extend(told("from right to left", &browser.run(UNREADABLE).await));
    faults.extend(too_wide(browser).await.map(|fault| format!("from right to left: {fault}")));
    browser.run("document.documentElement.dir = 'ltr'").await;
    faults
}

fn told(how: &str, found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|fault| format!("{how}: {fault}")).collect()
}
