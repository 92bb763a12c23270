//! Known answers of RFC 8463, canonical forms against a slow and plain model, and the form of our signatures.

use proptest::prelude::*;
use ring::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};

use super::*;
use crate::clock::Moment;

/// RFC 8463, appendix A.3: the message, below its two signatures.
const MESSAGE: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
    To: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
    \r\n\
    Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

const BODY_HASH: &str = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

const ED25519_FIELD: &str = " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
    d=football.example.com; i=@football.example.com;\r\n \
    q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
    subject : date : message-id : from : subject : date;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
    b=";
const ED25519_SIGNATURE: &str =
    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";

const RSA_FIELD: &str = " v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n \
    d=football.example.com; i=@football.example.com;\r\n \
    q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n \
    date : message-id : from : subject : date;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
    b=";
const RSA_SIGNATURE: &str = "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\
    DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\
    dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=";
const RSA_PUBLIC: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR\
    iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b\
    yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKr\
    M3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K\
    4w3QIDAQAB";

fn decode(text: &str) -> Vec<u8> {
    BASE64.decode(text.as_bytes()).unwrap()
}

/// The Ed25519 key of RFC 8463, appendix A.2, in PKCS #8 (RFC 8410, section 7).
fn brisbane() -> SigningKey {
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let seed = decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
    SigningKey::read(Algorithm::Ed25519Sha256, "brisbane", &[&head[..], &seed].concat()).unwrap()
}

/// What the signatures of the RFC sign: the fields that they name, then the signature's own without its `b=`.
fn data_of_the_rfc(field: &str) -> Vec<u8> {
    let (fields, _) = canon::split(MESSAGE.as_bytes()).unwrap();
    let mut data = Vec::new();
    for name in ["From", "To", "Subject", "Date", "Message-ID"] {
        let found = fields.iter().find(|field| field.is(name)).unwrap();
        canon::push_field(found.name, found.value, &mut data);
        data.extend_from_slice(b"\r\n");
    }
    canon::push_field(b"DKIM-Signature", field.as_bytes(), &mut data);
    data
}

#[test]
fn the_body_hash_of_rfc_8463_comes_out() {
    let (_, body) = canon::split(MESSAGE.as_bytes()).unwrap();
    assert_eq!(BASE64.encode(canon::body_hash(body).as_ref()), BODY_HASH);
}

#[test]
fn the_ed25519_signature_of_rfc_8463_comes_out() {
    let signature = brisbane().sign(&data_of_the_rfc(ED25519_FIELD)).unwrap();
    assert_eq!(BASE64.encode(&signature), ED25519_SIGNATURE);
}

#[test]
fn the_rsa_signature_of_rfc_8463_fits_our_canonical_form() {
    // ring does not sign with a key as short as that of the RFC, but it verifies. It wants the key without its frame,
    // which has 22 octets (RFC 8017, appendix A.1).
    let key = UnparsedPublicKey::new(
        &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        decode(RSA_PUBLIC)[22..].to_vec(),
    );
    assert!(key.verify(&data_of_the_rfc(RSA_FIELD), &decode(RSA_SIGNATURE)).is_ok());
    assert!(key.verify(&data_of_the_rfc(ED25519_FIELD), &decode(RSA_SIGNATURE)).is_err());
}

#[test]
fn the_canonical_form_is_that_of_the_example_in_rfc_6376() {
    // Section 3.4.5.
    let (fields, body) = canon::split(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n").unwrap();
    let mut header = Vec::new();
    for field in fields {
        canon::push_field(field.name, field.value, &mut header);
        header.extend_from_slice(b"\r\n");
    }
    assert_eq!(header, b"a:X\r\nb:Y Z\r\n");
    assert_eq!(canonical_body(body), b" C\r\nD E\r\n");
    // Section 3.4.4: an empty body stays empty, and a last line without CRLF gets one.
    for empty in ["", "\r\n", " \r\n\t\r\n", "  "] {
        assert_eq!(canonical_body(empty.as_bytes()), b"", "{empty:?}");
    }
    assert_eq!(canonical_body(b"a"), b"a\r\n");
}

fn canonical_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    canon::pass_body(body, |piece| out.extend_from_slice(piece));
    out
}

/// RFC 6376, section 3.4.4, line by line.
fn plain_model(body: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in body.split("\r\n") {
        let mut kept = String::new();
        for letter in line.trim_end_matches([' ', '\t']).chars() {
            match letter {
                ' ' | '\t' if kept.ends_with(' ') => {}
                ' ' | '\t' => kept.push(' '),
                letter => kept.push(letter),
            }
        }
        lines.push(kept);
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

fn bodies() -> impl Strategy<Value = String> {
    let word = "[a-z]{1,90}";
    let piece = prop_oneof![
        4 => Just(" ".to_owned()), 2 => Just("\t".to_owned()), 3 => Just("\r\n".to_owned()),
        1 => Just("\r".to_owned()), 1 => Just("\n".to_owned()), 1 => " {60,70}", 6 => word,
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_body_has_the_form_of_the_plain_model(body in bodies()) {
        prop_assert_eq!(String::from_utf8(canonical_body(body.as_bytes())).unwrap(), plain_model(&body));
    }

    #[test]
    fn a_canonical_body_is_its_own_canonical_form(body in bodies()) {
        let once = canonical_body(body.as_bytes());
        prop_assert_eq!(canonical_body(&once), once);
    }

    #[test]
    fn a_field_has_one_form_however_it_is_folded(
        words in proptest::collection::vec("[!-9;-~]{1,20}", 1..20),
        gaps in proptest::collection::vec("( |\t|\r\n |\r\n\t){1,3}", 20)
    ) {
        let mut folded = String::new();
        for (word, gap) in words.iter().zip(&gaps) {
            folded.push_str(gap);
            folded.push_str(word);
        }
        let mut out = Vec::new();
        canon::push_field(b"List-ID", folded.as_bytes(), &mut out);
        prop_assert_eq!(String::from_utf8(out).unwrap(), format!("list-id:{}", words.join(" ")));
    }

    #[test]
    fn any_octets_at_all_are_split_without_harm(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        canon::split(&octets);
        canonical_body(&octets);
    }
}

fn signed(message: &str) -> String {
    let signer = Signer::new("football.example.com", vec![brisbane()]);
    String::from_utf8(signer.sign(message.as_bytes(), Moment::from_micros(1_528_637_909_000_000)).unwrap())
        .unwrap()
}

#[test]
fn a_signature_stands_before_the_letter_and_keeps_to_short_lines() {
    let signed = signed(MESSAGE);
    let field = signed.strip_suffix(MESSAGE).unwrap();
    assert!(field.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; t=1528637909;\r\n"));
    assert!(field.lines().all(|line| line.len() <= LINE_MAX), "{field}");
    assert!(field.lines().skip(1).all(|line| line.starts_with(' ') && line.trim().len() > 1), "{field}");
    assert!(field.ends_with("\r\n") && !field.contains(" l=") && !field.contains(" x="), "{field}");
    let tags: String = field.split_whitespace().collect();
    for tag in ["d=football.example.com;", "s=brisbane;", &format!("bh={BODY_HASH};")] {
        assert!(tags.contains(tag), "{tag} in {tags}");
    }
}

#[test]
fn each_name_is_signed_once_more_than_it_is_there() {
    let twice = MESSAGE.replacen("To:", "Cc: a@b.test\r\nAuto-Submitted: no\r\ncc: c@d.test\r\nTo:", 1);
    let tags: String = signed(&twice).split_whitespace().collect();
    let names: Vec<&str> = tags.split("h=").nth(1).unwrap().split(';').next().unwrap().split(':').collect();
    let count = |wanted: &str| names.iter().filter(|name| **name == wanted).count();
    for (name, times) in
        [("From", 2), ("Cc", 3), ("List-Unsubscribe", 1), ("Auto-Submitted", 1), ("List-Post", 0)]
    {
        assert_eq!(count(name), times, "{name} in {names:?}");
    }
}

#[test]
fn a_long_domain_and_a_long_selector_get_lines_of_their_own() {
    let domain = format!("{}.example", vec!["a".repeat(60); 3].join("."));
    let mut key = brisbane();
    key.selector = "s".repeat(63);
    let signer = Signer::new(&domain, vec![key]);
    let signed = signer.sign(MESSAGE.as_bytes(), Moment::from_micros(0)).unwrap();
    let signed = String::from_utf8(signed).unwrap();
    assert!(signed.contains(&format!("\r\n d={domain};\r\n s=")), "{signed}");
}

#[test]
fn what_is_no_letter_is_not_signed() {
    let signer = Signer::new("football.example.com", vec![brisbane()]);
    for wrong in [
        "",
        "From: a@b.test\r\n",
        "To: a@b.test\r\n\r\nx\r\n",
        "From\r\n\r\nx",
        "From: a@b.test\nTo: c\r\n\r\n",
    ] {
        let refused = signer.sign(wrong.as_bytes(), Moment::from_micros(0));
        assert!(matches!(refused, Err(Error::Internal(_))), "{wrong:?}");
    }
}

#[test]
fn a_made_key_signs_and_its_record_fits_a_zone_file() {
    for (algorithm, octets) in [(Algorithm::RsaSha256, 256), (Algorithm::Ed25519Sha256, 64)] {
        let new = NewKey::generate(algorithm).unwrap();
        let key = SigningKey::read(algorithm, "s1", &new.private).unwrap();
        assert_eq!((key.algorithm(), key.sign(b"data").unwrap().len()), (algorithm, octets));
        assert!(!format!("{new:?} {key:?}").contains(&format!("{:?}", new.private)));
        let other = Algorithm::ALL.into_iter().find(|other| *other != algorithm).unwrap();
        assert!(SigningKey::read(other, "s1", &new.private).is_err());

        let text = record_text(algorithm, &new.public);
        let record = zone_record(&record_name("b.test", "s1"), &text);
        assert!(record.starts_with("s1._domainkey.b.test. IN TXT (\n"), "{record}");
        let strings: Vec<&str> = record.split('"').skip(1).step_by(2).collect();
        assert!(strings.iter().all(|string| string.len() <= 255) && strings.concat() == text, "{record}");
    }
}

#[test]
fn the_record_of_rfc_8463_comes_out() {
    let public = decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    let text = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert_eq!(record_text(Algorithm::Ed25519Sha256, &public), text);
    assert_eq!(Algorithm::parse("ed25519-sha256"), Some(Algorithm::Ed25519Sha256));
    assert_eq!(Algorithm::parse("rsa-sha1"), None);
}
