//! `mannerly demo`: the main job from beginning to end, without anything prepared.
//!
//! Every step is the one a marketer takes: a catalogue, an import, an API key, a campaign, the jobs. A second run goes
//! on where the first one stopped and sends nothing twice; to start afresh, the folder is deleted.

pub mod catalogue;
mod people;
mod place;
mod readers;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::App;
use crate::cli::demo::place::Place;
use crate::cli::{say, serve};
use crate::clock::{Clock, Moment};
use crate::db::{DbConnection, Presence, Schema};
use crate::domain::campaign::compose::Format;
use crate::domain::campaign::draft::{self, DraftForm};
use crate::domain::campaign::state::schedule;
use crate::domain::campaign::{self, Campaign, State};
use crate::domain::catalog::brand;
use crate::domain::catalog::dkim_key::{self, NewPair};
use crate::domain::catalog::notice::{self, NoticeForm};
use crate::domain::delivery::{self, State as DeliveryState};
use crate::error::{Error, Result};
use crate::id::Slug;
use crate::jobs;
use crate::web::demo::preference_link;
use crate::web::report::link;

/// How the demo runs.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// The folder for its database, secret, API key and mail.
    #[arg(long, default_value = "./demo")]
    dir: PathBuf,
    /// The address to listen on. The links in the mails lead there.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: std::net::SocketAddr,
    /// How many people are made up.
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    people: u32,
    /// Stop after the campaign instead of serving.
    #[arg(long)]
    exit: bool,
}

const SUBJECT: &str = "{{ first_name|default(\"Hello\") }}, the month in ten minutes";
const LETTER: &str = include_str!("../../../static/demo/letter.html");

const NOTICE: &str = include_str!("../../../static/demo/notice.md");

/// Runs the main job, says where to look, and serves.
pub(super) fn run(args: &DemoArgs) -> Result<()> {
    let place = Place::prepare(&args.dir)?;
    let settings = place.settings(args.listen)?;
    let _present = Presence::server(&settings.database)?;
    let socket = if args.exit { None } else { Some(serve::listen(&settings)?) };
    // The letters were sent two days ago, so that the report has something to tell.
    let now = Clock::System.now();
    let sent_at = now.minus(readers::AGO);
    let app = App::assemble(&settings, App::ways_out(&settings)?, Clock::fixed(sent_at), Schema::Migrate)?;
    let base_url = format!("http://{}", args.listen);

    say("Mannerly's demo: made-up people, real rules. Nothing leaves this machine.");
    prepare_catalogue(&app, &base_url)?;
    prepare_keys(&app)?;
    let (campaign, is_new) = match begun(&app)? {
        Some(campaign) => (campaign, false),
        None => {
            people::import(&app, &place, args.people)?;
            (begin(&app, &base_url)?, true)
        }
    };
    let key = place.api_key(&app)?;
    send(&app, &campaign)?;
    if is_new {
        readers::read(&app, &place, sent_at, now)?;
    }
    where_to_look(&app, &place, &campaign, &base_url, &key)?;
    match socket {
        Some(socket) => {
            say("\nServing. Ctrl-C ends it.");
            drop(app);
            serve::until_stopped(App::build(&settings, Schema::Check)?, socket)
        }
        None => Ok(()),
    }
}

/// Makes the brands and topics, unless an earlier run did.
fn prepare_catalogue(app: &App, base_url: &str) -> Result<()> {
    let now = app.clock.now();
    app.db.write_here(|conn| match brand::find(conn, catalogue::CIVIC) {
        Ok(brand) if brand.base_url == base_url => Ok(()),
        Ok(brand) => Err(Error::conflict(format!(
            "The links in this demo's mails lead to {}: listen there, or delete its folder to start afresh",
            brand.base_url
        ))),
        Err(Error::NotFound(_)) => {
            let civic = catalogue::civic(conn, base_url, now)?;
            let published = NoticeForm {
                version: civic.policy_version.clone(),
                language: None,
                valid_from: Moment::parse_day("2026-05-03"),
                text: NOTICE.to_owned(),
            };
            notice::add(conn, &civic, &published, now)?;
            catalogue::harbour(conn, base_url, now)?;
            Ok(())
        }
        Err(error) => Err(error),
    })
}

/// Makes the keys that sign the letters of both brands, unless an earlier run did.
fn prepare_keys(app: &App) -> Result<()> {
    for slug in [catalogue::CIVIC, catalogue::HARBOUR] {
        let brand = app.db.read_here(|conn| brand::find(conn, slug))?;
        let domain = brand.service_from.domain();
        if app.db.read_here(|conn| dkim_key::signing_for(conn, domain))?.is_empty() {
            let (pair, now) = (NewPair::generate()?, app.clock.now());
            app.db.write_here(|conn| {
                let made = dkim_key::store(conn, &app.keys, domain, None, &pair, now)?;
                // Nobody checks what goes into a folder, so there is no DNS to wait for.
                made.iter().try_for_each(|key| dkim_key::activate(conn, domain, &key.selector, now).map(drop))
            })?;
        }
    }
    Ok(())
}

/// The campaign of an earlier run.
fn begun(app: &App) -> Result<Option<Campaign>> {
    let campaigns = app.db.read_here(|conn| campaign::list(conn, 0, 1))?;
    Ok(campaigns.into_iter().next())
}

/// Writes and schedules the campaign, as the API does.
fn begin(app: &App, base_url: &str) -> Result<Campaign> {
    let slug = |text: &str| Slug::parse(text).map_err(|problem| Error::Invalid(vec![problem]));
    let form = DraftForm {
        brand: slug(catalogue::CIVIC)?,
        name: String::from("The month in ten minutes"),
        topic: slug("newsletter")?,
        subjects: vec![slug("public-sector")?, slug("social-care")?, slug("transport")?],
        subject: SUBJECT.to_owned(),
        html: LETTER.replace("BASE_URL", base_url),
        text: None,
        format: Format::Html,
        template: None,
        language: None,
        archive: true,
    };
    let now = app.clock.now();
    app.db.write_here(|conn: &mut DbConnection| {
        let draft = draft::create(conn, &form, now)?;
        schedule(conn, draft.id, None, now)
    })
}

/// Runs the jobs until everyone has an outcome, and shows how far they are.
fn send(app: &App, campaign: &Campaign) -> Result<()> {
    let bar = ProgressBar::new(0);
    bar.set_style(progress_style()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let id = campaign.id;
    runtime.block_on(async {
        loop {
            let mut work = std::pin::pin!(jobs::run_until_idle(app));
            loop {
                tokio::select! {
                    done = &mut work => break done?,
                    () = tokio::time::sleep(Duration::from_millis(100)) => {}
                }
                show(app, id, &bar).await?;
            }
            if show(app, id, &bar).await? {
                return Ok::<(), Error>(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn progress_style() -> Result<ProgressStyle> {
    ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len}").map_err(Error::internal)
}

/// Moves the bar to where the campaign is. Returns whether it has ended.
async fn show(app: &App, id: i64, bar: &ProgressBar) -> Result<bool> {
    let (state, counts) = app
        .db
        .read(move |conn| Ok((campaign::get(conn, id)?.state, delivery::count_by_state(conn, id)?)))
        .await?;
    let of = |wanted: &[DeliveryState]| -> u64 {
        let counts = counts.iter().filter(|(state, _)| wanted.contains(state));
        counts.map(|(_, count)| u64::try_from(*count).unwrap_or_default()).sum()
    };
    let open = of(&[DeliveryState::Planned, DeliveryState::Claimed]);
    let done = of(&[DeliveryState::Sent, DeliveryState::Failed, DeliveryState::Uncertain]);
    bar.set_message(if state == State::Sending { "Sending" } else { "Planning" });
    bar.set_length(open + done);
    bar.set_position(done);
    Ok(matches!(state, State::Sent | State::Cancelled | State::Paused))
}

fn where_to_look(app: &App, place: &Place, campaign: &Campaign, base_url: &str, key: &str) -> Result<()> {
    let counts = app.db.read_here(|conn| delivery::count_by_state(conn, campaign.id))?;
    let of = |wanted| counts.iter().find(|(state, _)| *state == wanted).map_or(0, |(_, count)| *count);
    say(&format!(
        "Campaign \"{}\": {} letters sent, {} people skipped.\n",
        campaign.name,
        of(DeliveryState::Sent),
        of(DeliveryState::Skipped)
    ));
    let brand = app.db.read_here(|conn| brand::get(conn, campaign.brand_id))?;
    let report = link(&app.keys, &brand, campaign, app.clock.now()).url;
    let preferences = preference_link(&place.mail)?.unwrap_or_else(|| String::from("(nobody got a letter)"));
    for (what, place) in [
        ("Start here", format!("{base_url}/demo")),
        ("One person's preferences", preferences),
        ("The mail as received", format!("{base_url}/demo/mail")),
        ("The campaign's report", report),
        ("Sign-up form", format!("{base_url}/b/{}/sign-up", catalogue::CIVIC)),
        ("Letters that all may read", format!("{base_url}/b/{}/archive", catalogue::CIVIC)),
        ("Privacy notice", format!("{base_url}/b/{}/privacy", catalogue::CIVIC)),
        ("A form for one page", format!("{base_url}/b/{}/sign-up/{}", catalogue::CIVIC, catalogue::EVENTS)),
        ("API documentation", format!("{base_url}/api/docs")),
        ("API key", key.to_owned()),
        ("Folder", place.dir.display().to_string()),
    ] {
        say(&format!("  {what:26}{place}"));
    }
    Ok(())
}
