use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Returns a token that is cancelled by the first SIGTERM or SIGINT; a second signal ends the process at once.
///
/// # Panics
/// Outside a Tokio runtime, or when the operating system refuses a signal handler.
pub fn token_on_signals() -> CancellationToken {
    let mut terminate =
        signal(SignalKind::terminate()).expect("a signal handler can be installed at start-up");
    let mut interrupt =
        signal(SignalKind::interrupt()).expect("a signal handler can be installed at start-up");
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        for round in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if round > 0 {
                tracing::warn!("second signal, ending without drain");
                std::process::exit(130);
            }
            tracing::info!("signal received, draining");
            cancelled.cancel();
        }
    });
    token
}
