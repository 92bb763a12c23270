//! `mannerly serve`: the HTTP server and the jobs, each on its own threads, from the first request to a graceful stop.
//!
//! On SIGTERM or Ctrl-C no new connection is taken, requests in hand are answered, and each job finishes what it has
//! in hand. A second signal ends at once, which loses nothing that was answered.

use std::net::TcpListener;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::{ServerArgs, Settings};
use crate::db::{Presence, Schema};
use crate::error::{Error, Result};
use crate::incoming::{self, Listener};
use crate::jobs;
use crate::web;

/// Checks the settings, and serves until told to stop.
pub(super) fn run(args: &ServerArgs) -> Result<()> {
    let settings = args.check().map_err(Error::Invalid)?;
    let _present = Presence::server(&settings.database)?;
    let socket = listen(&settings)?;
    let app = App::build(&settings, Schema::Migrate)?;
    until_stopped(app, socket)
}

/// Takes the address to listen on, before anything else is begun.
pub(super) fn listen(settings: &Settings) -> Result<TcpListener> {
    TcpListener::bind(settings.listen).map_err(|error| {
        Error::conflict(format!("Nothing can listen on {}: {}", settings.listen, error.kind()))
    })
}

/// Serves and runs the jobs until a signal comes.
pub(super) fn until_stopped(app: App, socket: TcpListener) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = tokio::runtime::Builder::new_multi_thread()
        // They write letters and hand them over. The other half of the cores is busy meanwhile with the database, which has
        // threads of its own; what signs has one for each core.
        .worker_threads((cores / 2).max(1))
        .thread_name("job")
        .enable_all()
        .build()?;
    let listener = {
        let _inside = jobs.enter();
        app.options.lmtp.as_ref().map(Listener::bind).transpose()?
    };
    tracing::info!(listen = %socket.local_addr()?, "serving");
    let incoming_end = listener.map(|listener| jobs.spawn(incoming::serve(app.clone(), listener)));
    let jobs_end = jobs.spawn(jobs::run(app.clone()));
    let recorder = app.recorder.clone();
    let served = actix_web::rt::System::new().block_on(async move {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut told = async move || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let server = web::serve(app.clone(), socket, cores)?;
        let handle = server.handle();
        let serving = actix_web::rt::spawn(server);
        told().await;
        tracing::info!("stopping: answering what came in, finishing what is in hand");
        app.stop();
        let ending = async {
            handle.stop(true).await;
            serving.await.map_err(Error::internal)?.map_err(Error::internal)?;
            if let Some(incoming_end) = incoming_end {
                incoming_end.await.map_err(Error::internal)?;
            }
            jobs_end.await.map_err(Error::internal)
        };
        tokio::select! {
            ended = ending => ended,
            () = told() => Err(Error::conflict("Stopped at once by a second signal")),
        }
    });
    recorder.stop();
    if let Err(error) = served {
        jobs.shutdown_background();
        return Err(error);
    }
    tracing::info!("stopped");
    Ok(())
}
