use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A connection to a server that can be cut and mended.
pub(crate) struct Cable {
    address: SocketAddr,
    whole: watch::Sender<bool>,
    refused: Arc<AtomicUsize>,
}

impl Cable {
    pub(crate) async fn to(url: &str) -> Self {
        let target = host_and_port(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (whole, state) = watch::channel(true);
        let cable = Self {
            address: listener.local_addr().unwrap(),
            whole,
            refused: Arc::default(),
        };
        let refused = cable.refused.clone();
        tokio::spawn(async move {
            loop {
                let (inner, _) = listener.accept().await.unwrap();
                if *state.borrow() {
                    tokio::spawn(carry(inner, target.clone(), state.clone()));
                } else {
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        cable
    }

    /// The server's URL through this cable.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(&host_and_port(url), &self.address.to_string())
    }

    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }

    /// Connections that were tried while the cable was cut.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

async fn carry(mut inner: TcpStream, target: String, mut state: watch::Receiver<bool>) {
    let Ok(mut outer) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut inner, &mut outer) => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}

fn host_and_port(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    rest.split('/').next().unwrap().to_owned()
}
