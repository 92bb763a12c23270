//! How many letters a second all cores sign, beside what crypto libraries themselves can do: `cargo bench --bench signing`.
//!
//! Ours is the whole of `Signer::sign`: canonical forms, body hash, both signatures, and the copy of the letter. A
//! library's is one RSA-2048 and one Ed25519 signature of 32 octets: of `aws-lc-rs`, on which ours stands, and of `ring`,
//! which most others use. `--json` prints one line of JSON instead.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mannerly::clock::Moment;
use mannerly::error::{Error, Result};
use mannerly::mail::dkim::{Algorithm, NewKey, Signer, SigningKey};

/// How long each of them runs in each round.
const TIME: Duration = Duration::from_millis(1500);

/// Rounds; the median counts.
const ROUNDS: usize = 3;

/// Sizes of letters, in octets.
const SIZES: [usize; 2] = [20_000, 40_000];

fn main() -> Result<()> {
    let made = [NewKey::generate(Algorithm::RsaSha256)?, NewKey::generate(Algorithm::Ed25519Sha256)?];
    let keys = made.iter().map(|key| SigningKey::read(key.algorithm, "bench", &key.private));
    let signer = Signer::new("brand.example", keys.collect::<Result<_>>()?);
    let [rsa, ed25519] = made.map(|key| key.private);
    let (library, ring) = (with_aws_lc(&rsa, &ed25519)?, with_ring(&rsa, &ed25519)?);
    let cores = thread::available_parallelism()?.get();
    let mut results = Vec::new();
    for size in SIZES {
        let letter = letter(size);
        let ours = || signer.sign(&letter, Moment::from_micros(1_800_000_000_000_000)).is_ok();
        // In turns, so that whatever else the machine does meets all of them.
        let rounds: Vec<[f64; 3]> =
            (0..ROUNDS).map(|_| [rate(cores, &ours), rate(cores, &library), rate(cores, &ring)]).collect();
        results.push((size, [0, 1, 2].map(|who| median(rounds.iter().map(|rates| rates[who])))));
    }
    if std::env::args().any(|argument| argument == "--json") {
        let rows = results.iter().map(|(octets, [ours, library, ring])| {
            serde_json::json!({ "octets": octets, "signed_per_second": ours.round(),
                "library_per_second": library.round(), "ring_per_second": ring.round(),
                "ratio": (ours / library * 1000.0).round() / 1000.0 })
        });
        println!("{}", serde_json::json!({ "signing": rows.collect::<Vec<_>>(), "cores": cores }));
    } else {
        println!("Letters signed with RSA-2048 and Ed25519 in a second, on {cores} cores");
        println!("{:>8} {:>10} {:>10} {:>7} {:>10}", "octets", "Mannerly", "aws-lc-rs", "ratio", "ring");
        for (size, [ours, library, ring]) in results {
            println!("{size:>8} {ours:>10.0} {library:>10.0} {:>7.3} {ring:>10.0}", ours / library);
        }
    }
    Ok(())
}

/// Both signatures of one letter, and nothing else, by the library on which ours stand.
fn with_aws_lc(rsa: &[u8], ed25519: &[u8]) -> Result<impl Fn() -> bool + Sync + use<>> {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    let rsa = RsaKeyPair::from_pkcs8(rsa).map_err(Error::internal)?;
    let ed25519 = Ed25519KeyPair::from_pkcs8(ed25519).map_err(Error::internal)?;
    Ok(move || {
        let mut signature = [0; 256];
        let done = rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[7; 32], &mut signature).is_ok();
        black_box((signature, ed25519.sign(&[7; 32])));
        done
    })
}

/// The same by another.
fn with_ring(rsa: &[u8], ed25519: &[u8]) -> Result<impl Fn() -> bool + Sync + use<>> {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    let rsa = RsaKeyPair::from_pkcs8(rsa).map_err(Error::internal)?;
    let ed25519 = Ed25519KeyPair::from_pkcs8(ed25519).map_err(Error::internal)?;
    Ok(move || {
        let mut signature = [0; 256];
        let done = rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[7; 32], &mut signature).is_ok();
        black_box((signature, ed25519.sign(&[7; 32])));
        done
    })
}

/// How often `work` is done in a second by one thread on each core.
fn rate(cores: usize, work: &(impl Fn() -> bool + Sync)) -> f64 {
    let (done, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert!(work(), "every letter can be signed");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(TIME);
        over.store(true, Ordering::Relaxed);
    });
    done.into_inner() as f64 / begun.elapsed().as_secs_f64()
}

fn median(rates: impl Iterator<Item = f64>) -> f64 {
    let mut rates: Vec<f64> = rates.collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A letter as campaigns have them: list headers, quoted-printable lines, and indented markup.
fn letter(octets: usize) -> Vec<u8> {
    let mut letter = String::from(
        "From: Brand <hello@news.brand.example>\r\nTo: ana@example.com\r\nSubject: The month in ten minutes\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <token@news.brand.example>\r\n\
         List-Unsubscribe: <https://brand.example/u/a-long-token-of-the-person>,\r\n <mailto:u+token@in.brand.example>\r\n\
         List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: \"News\" <news.brand.example>\r\n\
         Feedback-ID: c1:news:brand:mannerly\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"part\"\r\n\r\n",
    );
    while letter.len() < octets {
        letter.push_str(
            "  <td style=3D\"padding:12px\">  A sentence as people write them, with words =\r\nof which the next line \
             goes on, and <a href=3D\"https://brand.example/c/token\">read on</a>=\r\n, and so it goes to the end.</td>\r\n",
        );
    }
    letter.into_bytes()
}
