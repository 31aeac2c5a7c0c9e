use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A piece of network between the relay and a server, which can go dead without a word.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// Connections numbered below this one carry nothing any more, and are not closed.
    frozen_below: watch::Sender<usize>,
    num_connections: Arc<AtomicUsize>,
    reachable: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn open(target: String) -> Self {
        let proxy = Self::unreachable(target).await;
        proxy.become_reachable();
        proxy
    }

    /// Closes every connection at once until it becomes reachable.
    pub(crate) async fn unreachable(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (frozen_below, frozen) = watch::channel(0);
        let num_connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&num_connections);
        let reachable = Arc::new(AtomicBool::new(false));
        let open = Arc::clone(&reachable);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut pipes = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if !open.load(Ordering::SeqCst) {
                    continue;
                }
                let number = counter.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(&target).await else {
                    continue;
                };
                let (client_read, client_write) = client.into_split();
                let (server_read, server_write) = server.into_split();
                pipes.spawn(pipe(client_read, server_write, number, frozen.clone()));
                pipes.spawn(pipe(server_read, client_write, number, frozen.clone()));
            }
        });
        Self {
            address,
            frozen_below,
            num_connections,
            reachable,
            _tasks: tasks,
        }
    }

    pub(crate) fn become_reachable(&self) {
        self.reachable.store(true, Ordering::SeqCst);
    }

    /// Freezes every connection there is; later ones work.
    pub(crate) fn freeze_current(&self) {
        self.frozen_below
            .send(self.num_connections.load(Ordering::SeqCst))
            .unwrap();
    }
}

async fn pipe(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    number: usize,
    mut frozen_below: watch::Receiver<usize>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = tokio::select! {
            biased;
            frozen = async { frozen_below.wait_for(|below| number < *below).await.is_ok() } => {
                assert!(frozen, "the proxy outlives its pipes");
                None
            }
            read = from.read(&mut buffer) => Some(read.unwrap_or(0)),
        };
        let Some(count) = count else {
            return std::future::pending().await;
        };
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
