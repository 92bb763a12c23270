//! What templates can do, and what they cannot be made to do.

use serde_json::json;

use super::*;

const FIELDS: Fields<'static> = Fields {
    always: &["email", "brand.name", "unsubscribe_url", "topics"],
    optional: &["first_name", "last_name", "company", "attributes.*"],
};

fn html(source: &str) -> Result<Template, Vec<Problem>> {
    Template::parse("html", source, Kind::Html, FIELDS)
}

fn plain(source: &str) -> Result<Template, Vec<Problem>> {
    Template::parse("subject", source, Kind::Plain, FIELDS)
}

fn refusal(source: &str) -> String {
    let problems = html(source).expect_err(source);
    problems.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn fields_are_filled_in_and_escaped_in_html_only() {
    let source = "Dear {{ first_name|default('reader') }} of {{ brand.name }}";
    let values = json!({ "first_name": "<b>&\"'/", "brand": { "name": "A & B" } });
    assert_eq!(
        html(source).unwrap().render(&Merge::of(&values)).unwrap(),
        "Dear &lt;b&gt;&amp;&quot;&#39;/ of A &amp; B"
    );
    assert_eq!(plain(source).unwrap().render(&Merge::of(&values)).unwrap(), "Dear <b>&\"'/ of A & B");
}

#[test]
fn a_missing_null_or_empty_value_gets_its_fallback() {
    let template = plain("Dear {{ first_name|default(\"reader\") }}").unwrap();
    for values in [json!({}), json!({ "first_name": null }), json!({ "first_name": " " })] {
        assert_eq!(template.render(&Merge::of(&values)).unwrap(), "Dear reader");
    }
}

#[test]
fn texts_of_the_template_are_escaped_too() {
    let template = html("{{ first_name|default('<script>') }}").unwrap();
    assert_eq!(template.render(&Merge::of(&json!({}))).unwrap(), "&lt;script&gt;");
}

#[test]
fn an_unknown_field_is_named_with_its_line_and_the_known_ones() {
    let said = refusal("Hello\n{{ frist_name }}");
    assert!(said.contains("Line 2") && said.contains("frist_name") && said.contains("first_name"), "{said}");
    for source in
        ["{{ brand }}", "{{ brand.secret }}", "{{ attributes }}", "{{ attributes.a.b }}", "{{ x|upper }}"]
    {
        assert!(refusal(source).contains("no field"), "{source}");
    }
}

#[test]
fn a_field_that_can_be_missing_needs_a_fallback_or_a_condition() {
    assert!(
        refusal("a\n\n{{ first_name }}").contains("Line 3: first_name can be missing; write {{ first_name")
    );
    assert!(refusal("{% if first_name %}{{ last_name }}{% endif %}").contains("last_name can be missing"));
    assert!(refusal("{{ first_name|upper }}").contains("first_name can be missing"));
    assert!(refusal("{{ attributes.size }}").contains("attributes.size can be missing"));
    html("{% if first_name %}{{ first_name }}{% else %}friend{% endif %}").unwrap();
    html("{% if first_name and last_name %}{{ first_name }} {{ last_name }}{% endif %}").unwrap();
    html("{{ attributes.size|default('M') }}{{ attributes[\"shoe\"]|default('40') }}").unwrap();
    html("{{ first_name if first_name else company|default('you') }}").unwrap();
}

#[test]
fn lists_can_be_gone_through() {
    let template = plain("{% for topic in topics %}{{ loop.index }} {{ topic|upper }};{% endfor %}").unwrap();
    assert_eq!(template.render(&Merge::of(&json!({ "topics": ["a", "b"] }))).unwrap(), "1 A;2 B;");
}

#[test]
fn nothing_that_could_make_values_grow_is_in_the_language() {
    for source in [
        "{{ 'a' * 100000000 }}",
        "{{ email ~ email }}",
        "{{ email + email }}",
        "{{ namespace() }}",
        "{{ range(1000000000) }}",
        "{% for i in range(9) %}{% endfor %}",
        "{% set a = email %}",
        "{% set a %}{{ email }}{% endset %}",
        "{% for a in [email, email] %}{% endfor %}",
        "{% for a in [email] %}{% endfor %}",
        "{{ (email, email) }}",
        "{{ {'a': email} }}",
        "{{ email.upper() }}",
        "{{ email|replace('a', 'aaaa') }}",
        "{{ email|join(email) }}",
        "{{ email|safe }}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% filter upper %}a{% endfilter %}",
        "{% with a = 1 %}{% endwith %}",
        "{% autoescape false %}{{ email }}{% endautoescape %}",
        "{% raw %}{% endraw %}",
        "{{ email[0:1] }}",
        "{{ email is defined }}",
        "{% for x in topics recursive %}{{ loop(x) }}{% endfor %}",
        "{{ email",
        "{% if email %}",
        "{{ }}",
        "{{ 'a",
        "{% for a, b in topics %}{% endfor %}",
    ] {
        refusal(source);
    }
}

#[test]
fn time_and_size_have_limits() {
    let nested = "{% for a in topics %}".repeat(6) + "x" + &"{% endfor %}".repeat(6);
    let many: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    let slow = plain(&nested).unwrap().render(&Merge::of(&json!({ "topics": many }))).unwrap_err();
    assert!(slow.to_string().contains("too many steps"), "{slow}");

    let long = plain(&format!("{{% for a in topics %}}{}{{% endfor %}}", "x".repeat(60_000))).unwrap();
    let long = long.render(&Merge::of(&json!({ "topics": many }))).unwrap_err();
    assert!(long.to_string().contains("longer than 1024 kB"), "{long}");

    assert!(refusal(&"x".repeat(SOURCE_OCTETS_MAX + 1)).contains("256 kB"));
    assert!(plain(&("{% if email %}".repeat(300) + &"{% endif %}".repeat(300))).is_err());
    assert!(plain(&format!("{{{{ {}email{} }}}}", "(".repeat(9000), ")".repeat(9000))).is_err());
}

#[test]
fn a_line_with_a_line_break_in_it_is_refused_without_repeating_it() {
    let subject = plain("Hello {{ first_name|default('you') }}").unwrap();
    for name in ["a\r\nBcc: v@example.com", "a\nb", "a\rb", "a\tb", "a\0b", "a\u{85}b", "a\u{2028}b"] {
        let error = subject.render_line(&Merge::of(&json!({ "first_name": name }))).unwrap_err();
        assert!(!error.to_string().contains("Bcc"));
    }
    assert_eq!(subject.render_line(&Merge::of(&json!({ "first_name": "Žoë" }))).unwrap(), "Hello Žoë");
}

#[test]
fn a_template_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&plain("x").unwrap());
}

proptest::proptest! {
    #[test]
    fn no_source_makes_it_panic(source in "(\\{\\{|\\}\\}|\\{%|%\\}|if |for |in |email|first_name|[|\"'.()\\[\\]#-]|é| |\n){0,40}") {
        if let Ok(template) = html(&source) {
            let _ = template.render(&Merge::of(&json!({ "email": "a@example.com", "brand": { "name": "B" } })));
        }
    }

    #[test]
    fn no_value_can_break_out_of_html(value in "\\PC{0,40}") {
        let shown = html("<p title=\"{{ email }}\">").unwrap().render(&Merge::of(&json!({ "email": value }))).unwrap();
        let inner = shown.strip_prefix("<p title=\"").unwrap().strip_suffix("\">").unwrap();
        proptest::prop_assert!(!inner.contains(['<', '>', '"', '\'']));
    }
}

#[test]
fn the_check_renders_so_often_only_for_a_bounded_number_of_fields() {
    let naming = |fields: usize| -> String {
        (0..fields).map(|at| format!("{{{{ attributes.a{at}|default('x') }}}}")).collect()
    };
    html(&naming(OPTIONAL_FIELDS_MAX)).unwrap();
    assert!(refusal(&naming(OPTIONAL_FIELDS_MAX + 1)).contains("At most 50"));
    assert!(refusal(&naming(6000)).contains("At most 50"));
}

#[test]
fn the_steps_of_the_whole_check_are_bounded() {
    let naming = |fields: usize, times: usize| -> String {
        let one: String = (0..fields).map(|at| format!("{{{{ attributes.a{at}|default('x') }}}}")).collect();
        one.repeat(times)
    };
    html(&naming(2, 500)).unwrap();
    html(&naming(20, 20)).unwrap();
    assert!(refusal(&naming(50, 100)).contains("too many steps"));
    assert!(refusal(&"{{ nothing }}".repeat(10_000)).contains("no field nothing"));
}

/// Quoted-printable decoded (RFC 2045, section 6.7).
fn decoded(encoded: &[u8]) -> String {
    let message = [b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", encoded].concat();
    let parsed = mail_parser::MessageParser::new().parse(&message).unwrap();
    String::from_utf8(parsed.parts[0].contents().to_vec()).unwrap()
}

fn assert_encoded_says_the_same(template: &Template, values: &Merge) {
    let Ok(plain) = template.render(values) else { return };
    let mut octets = b"x\r\n".to_vec();
    let counted = Encoded::of(template).unwrap().render(values, 0, &mut octets).unwrap();
    let plain = plain.replace('\0', "");
    assert_eq!(decoded(&octets[3..]), plain.replace('\n', "\r\n"));
    assert_eq!(counted, plain.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        assert!(line.len() <= 78 && line.ends_with(b"\r\n") && !line[..line.len() - 2].contains(&b'\r'));
    }
}

#[test]
fn white_space_that_a_tag_takes_away_is_not_in_the_encoded_template_either() {
    let values = Merge::of(&json!({ "email": "\n a\r", "topics": ["a", "b"] }));
    for source in [
        "a  {{- email -}}  b\n",
        "a  {{+ email +}}  b\n\n",
        "a \n {#- c -#} \n b",
        "a {##} b{#} c #}d {#-#} e {#--#} f",
        "{% for t in topics -%} \n . {{ t }} {%- endfor %}\r\n",
        "a {# c #} {%- if email %} {{ email }} = {%- endif %}",
    ] {
        assert_encoded_says_the_same(&html(source).expect(source), &values);
        assert_encoded_says_the_same(&plain(source).expect(source), &values);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1000))]
    #[test]
    fn the_encoded_template_says_what_the_template_says(
        source in proptest::collection::vec(
            "([ \t.=\r\n{}%#<&-]|From |\r\n|[a-z ]{1,120}|\\PC){0,20}|\\{\\{[-+]? ?email ?[-+]?\\}\\}|\
             \\{\\{ first_name\\|default\\('a=\n.é'\\)\\|upper \\}\\}|\\{#-?c{0,2}-?#\\}|\
             \\{%[-+]? for t in topics [-+]?%\\}[ .\n]{0,3}\\{\\{ t \\}\\}[ .\n]{0,3}\\{%[-+]? endfor [-+]?%\\}",
            0..12,
        ),
        values in proptest::collection::vec("([ \t.=\r\n\u{0}<&\"'{}%]|From |\r\n|[a-z]{1,120}|\\PC){0,30}", 3),
    ) {
        let source = source.concat();
        let topics = &values[1..];
        let values = Merge::of(&json!({ "email": values[0], "first_name": values[1], "topics": topics }));
        for template in [html(&source), plain(&source)].into_iter().flatten() {
            assert_encoded_says_the_same(&template, &values);
        }
    }
}
