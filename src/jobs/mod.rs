//! Time: work that nobody waits for. Each file is one job with `run_once(&App) -> Result<Progress>`; this one is the
//! table of all jobs with their intervals, and what runs them.

pub mod empty_log;
pub mod forget_answers;
pub mod forget_hits;
pub mod forget_networks;
pub mod judge_hits;
pub mod plan_campaigns;
pub mod publish_notices;
pub mod read_maildir;
pub mod send_deliveries;
pub mod send_outbox;
pub mod touch_keys;
pub mod work_requests;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::HOUR;
use crate::error::{Error, Result};

/// What a run of a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There was nothing to do, or nothing is left.
    Idle,
    /// There may be more to do at once.
    More,
}

type Run = fn(App) -> Pin<Box<dyn Future<Output = Result<Progress>> + Send>>;

/// One line of the table.
#[derive(Clone, Copy)]
pub struct Job {
    /// What it is called in the log.
    pub name: &'static str,
    /// How long it rests when there was nothing to do; a wake-up call ends the rest.
    pub interval: Duration,
    /// One run.
    pub run: Run,
}

/// The table of all jobs.
pub const JOBS: &[Job] = &[
    Job {
        name: "work_requests",
        interval: Duration::from_secs(2),
        run: |app| Box::pin(async move { work_requests::run_once(&app).await }),
    },
    Job {
        name: "send_outbox",
        interval: Duration::from_secs(2),
        run: |app| Box::pin(async move { send_outbox::run_once(&app).await }),
    },
    Job {
        name: "plan_campaigns",
        interval: Duration::from_secs(1),
        run: |app| Box::pin(async move { plan_campaigns::run_once(&app).await }),
    },
    Job {
        name: "send_deliveries",
        // Short, because a pace below one letter a run is kept by coming back.
        interval: Duration::from_millis(200),
        run: |app| Box::pin(async move { send_deliveries::run_once(&app).await }),
    },
    Job {
        name: "judge_hits",
        interval: Duration::from_secs(10),
        run: |app| Box::pin(async move { judge_hits::run_once(&app).await }),
    },
    Job {
        name: "forget_hits",
        interval: HOUR,
        run: |app| Box::pin(async move { forget_hits::run_once(&app).await }),
    },
    Job {
        name: "forget_networks",
        interval: Duration::from_secs(5),
        run: |app| Box::pin(async move { forget_networks::run_once(&app).await }),
    },
    Job {
        name: "forget_answers",
        interval: HOUR,
        run: |app| Box::pin(async move { forget_answers::run_once(&app).await }),
    },
    Job {
        name: "empty_log",
        interval: Duration::from_secs(5),
        run: |app| Box::pin(async move { empty_log::run_once(&app).await }),
    },
    Job {
        name: "publish_notices",
        interval: Duration::from_secs(5),
        run: |app| Box::pin(async move { publish_notices::run_once(&app).await }),
    },
    Job {
        name: "read_maildir",
        interval: Duration::from_secs(3),
        run: |app| Box::pin(async move { read_maildir::run_once(&app).await }),
    },
    Job {
        name: "touch_keys",
        interval: Duration::from_secs(60),
        run: |app| Box::pin(async move { touch_keys::run_once(&app).await }),
    },
];

/// Runs every job until the server is told to stop, and then lets each finish what it has in hand.
pub async fn run(app: App) {
    let mut running = JoinSet::new();
    for job in JOBS {
        running.spawn(run_job(*job, app.clone()));
    }
    while running.join_next().await.is_some() {}
    app.relays.close().await;
}

async fn run_job(job: Job, app: App) {
    let mut work = app.work.subscribe();
    let mut stopping = app.stopping.subscribe();
    while !app.is_stopping() {
        // A task of its own, so that a panic ends this run and not the job.
        let run = tokio::spawn((job.run)(app.clone())).await;
        let rest = match run.unwrap_or_else(|panic| Err(Error::internal(panic))) {
            Ok(Progress::More) => continue,
            Ok(Progress::Idle) => job.interval,
            Err(error) => {
                report(job.name, &error);
                job.interval.max(Duration::from_secs(1))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = work.changed() => {}
            _ = stopping.changed() => {}
        }
    }
}

/// No outcome of a job holds personal data, so all of them may be logged.
fn report(job: &str, error: &Error) {
    match error {
        Error::Unavailable(_) => tracing::warn!(job, %error, "a job has to wait"),
        _ => tracing::error!(job, %error, "a job failed and will be tried again"),
    }
}

/// Runs all jobs, in the order of the table, until none has anything left to do.
///
/// # Errors
/// The first error of a job.
pub async fn run_until_idle(app: &App) -> Result<()> {
    loop {
        let mut busy = false;
        for job in JOBS {
            while (job.run)(app.clone()).await? == Progress::More {
                busy = true;
            }
        }
        if !busy {
            return Ok(());
        }
    }
}
