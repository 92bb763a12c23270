//! What HTML is accepted, and what becomes of it.

use super::*;
use crate::mail::text as text_part;

const SHARED: [&str; 2] = ["unsubscribe_url", "preferences_url"];

fn urls(html: &str) -> Vec<String> {
    links(html, &SHARED).unwrap().into_iter().map(|link| link.url).collect()
}

fn refusal(html: &str) -> String {
    let problems = links(html, &SHARED).expect_err(html);
    problems.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn links_are_listed_once_in_order_with_references_resolved() {
    let html =
        "<a href='https://b.example/?x=1&amp;y=%2F#f'>b</a> <map><area href=\"https://a.example/\"></map>
        <a href=\"https://b.example/?x=1&y=%2F#f\">b again</a> <a href='mailto:a@brand.test'>m</a>
        <a href='tel:+44'>t</a> <a href='#top'>top</a> <a name=top>here</a>
        <a href=\"{{ unsubscribe_url }}\">u</a> <a href='{{preferences_url}}'>p</a>
        <A HREF = https://c.example/&copy=1>c</A>";
    assert_eq!(
        urls(html),
        ["https://b.example/?x=1&y=%2F#f", "https://a.example/", "https://c.example/&copy=1"]
    );
}

#[test]
fn a_link_leads_to_the_web_to_mail_or_to_a_telephone_and_nowhere_else() {
    for href in [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java&#10;script:alert(1)",
        "java&Tab;script:alert(1)",
        "javascript&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "page.html",
        "",
        "https://user:secret@a.example/",
        "https://a.example/a b",
    ] {
        let said = refusal(&format!("<p>\n<a href=\"{href}\">x</a>"));
        assert!(said.starts_with("Line 2: ") && !said.contains("secret"), "{href}: {said}");
    }
}

#[test]
fn personal_data_is_refused_in_any_address() {
    for html in [
        "<a href='https://a.example/{{ email }}'>x</a>",
        "<a href='{{ email }}'>x</a>",
        "<a href='{{ unsubscribe_url }}&x={{ email }}'>x</a>",
        "<a href='{% if a %}https://a.example{% endif %}'>x</a>",
        "<img src='https://a.example/{{ email }}.gif'>",
        "<td background='https://a.example/{{ email }}.gif'>",
        "<p style='background:url(https://a.example/{{ email }})'>",
        "<style>p { background: URL(https://a.example/{{ email }}) }</style>",
    ] {
        refusal(html);
    }
}

#[test]
fn what_runs_frames_posts_or_loads_is_refused() {
    for html in [
        "<script>x</script>",
        "<FORM action=x></FORM>",
        "<iframe src='https://a.example'></iframe>",
        "<object data=x></object>",
        "<base href='https://evil.example'>",
        "<meta http-equiv=Refresh content='0;url=https://a.example'>",
        "<p onclick='x()'>",
        "<img src=x onerror=alert(1)>",
        "<link rel=stylesheet href='https://a.example/a.css'>",
        "<style>@import url(https://a.example/a.css);</style>",
        "<svg><a xlink:href='https://a.example'>x</a></svg>",
        "<a href='https://a.example' ping='https://b.example'>x</a>",
        "<img src='javascript:x'>",
    ] {
        refusal(html);
    }
}

#[test]
fn template_tags_cannot_turn_text_into_markup() {
    for html in [
        "<{{ x }}script>",
        "<{# #}script>alert(1)</script>",
        "<scr{# #}ipt>",
        "</{{ x }}p>",
        "<a {% if x %}href='javascript:x'{% endif %}>y</a>",
        "<a hr{# #}ef='javascript:x'>y</a>",
        "&{{ x }}lt;",
        "<p title={{ first_name }}>",
        "<p title=a{{ first_name }}>",
        "<a href={{ unsubscribe_url }}>x</a>",
    ] {
        refusal(html);
    }
    urls("{% if a < b %}<p title=\"{{ x|default('<b>') }}\">{{ x }}</p>{% endif %}");
}

#[test]
fn nothing_may_swallow_the_footer() {
    for html in ["<p>a<!-- ", "<style>p {", "<title>x", "<p class='", "<body><p>x</p><!--</body>"] {
        assert!(refusal(html).contains("ends inside"), "{html}");
    }
}

#[test]
fn a_prepared_letter_is_the_author_s_own_but_for_links_footer_and_pixel() {
    let html = "<!DOCTYPE html>\n<html><body class=x>\n{% if a %}<a  class=b href='https://a.example/?x=1&amp;y=2'>A</a>\
        {% endif %}<a href=mailto:a@brand.test>m</a><a href=\"#t\">t</a><a href=\"{{ unsubscribe_url }}\">u</a>\
        <a href='https://brand.example/privacy'>p</a>{{ x|default(\"</body>\") }}</BODY></html>";
    let slot = |url: &str| (url == "https://a.example/?x=1&y=2").then(|| String::from("{{ l.a }}"));
    let prepared = prepare(html, slot, "<p>Footer {{ f }}</p>", "{{ pixel }}").unwrap();
    let wanted = html
        .replace("'https://a.example/?x=1&amp;y=2'", "\"{{ l.a }}\"")
        .replace("</BODY>", "<p>Footer {{ f }}</p>{{ pixel }}</BODY>");
    // The rewritten tag is written out anew; the others are copied.
    assert_eq!(prepared.replace("<a  class=b", "<a class=b"), wanted.replace("<a  class=b", "<a class=b"));
}

#[test]
fn without_a_body_the_footer_stands_at_the_end_and_it_stands_only_once() {
    assert_eq!(prepare("<p>Hi", |_| None, "F", "P").unwrap(), "<p>HiFP");
    assert_eq!(prepare("<body><p>Hi", |_| None, "F", "P").unwrap(), "<body><p>HiFP");
    assert_eq!(
        prepare("<body>a</body><body>b</body>", |_| None, "F", "P").unwrap(),
        "<body>aFP</body><body>b</body>"
    );
}

#[test]
fn the_text_part_has_the_same_links_and_the_same_tags() {
    let html = "<html><head><title>T</title><style>p{}</style></head><body><h1>News for {{ brand.name }}</h1>
        <p>Dear {{ first_name|default(\"our <b>dear</b> reader\") }}, read <a href='https://a.example/a?b=1&amp;c=%2F'>the
        report</a>. {% if company %}<b>Hello {{ company }}</b>{% endif %}</p><hr>
        <table><tr><td><img src='https://a.example/i.png' alt='Our logo'></td><td><a href='https://b.example/'>B</a></td></tr></table>
        <ul><li>one</li><li><a href='#x'>two</a></li></ul><!-- hidden --><p>&#123;{ x }}</p>
        <a href='{{ unsubscribe_url }}'>Unsubscribe</a></body></html>";
    let text = to_text(html).unwrap();
    for part in [
        "News for {{ brand.name }}",
        "Dear {{ first_name|default(\"our <b>dear</b> reader\") }}",
        "report <https://a.example/a?b=1&c=%2F>.",
        "{% if company %}",
        "{% endif %}",
        "Our logo",
        "B <https://b.example/>",
        "Unsubscribe <{{ unsubscribe_url }}>",
        "{ { x }}",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    for part in ["hidden", "p{}", "#x", "<p>", "T\n"] {
        assert!(!text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(text_part::links(&text).unwrap(), links(html, &SHARED).unwrap());
}

proptest::proptest! {
    #[test]
    fn whatever_is_accepted_keeps_its_footer_and_links_in_both_parts(
        html in "(<a href='https://a[.]example/[a-c]'>|</a>|<p>|<b|<!--|-->|</body>|<body>|\\{\\{ x \\}\\}|\\{%|<style>|[a<>&'\" \n{]){0,20}"
    ) {
        if let Ok(found) = links(&html, &SHARED) {
            let prepared = prepare(&html, |url| Some(format!("{{{{ l.{} }}}}", url.len())), "<u>F</u>", "P").unwrap();
            proptest::prop_assert_eq!(prepared.matches("<u>F</u>P").count(), 1);
            proptest::prop_assert_eq!(prepared.contains("{{ l."), !found.is_empty());
            let listed = |mut links: Vec<FoundLink>| {
                links.sort_by(|one, other| one.url.cmp(&other.url));
                links
            };
            let text = to_text(&html).unwrap();
            proptest::prop_assert_eq!(listed(text_part::links(&text).unwrap()), listed(found));
        }
    }
}
