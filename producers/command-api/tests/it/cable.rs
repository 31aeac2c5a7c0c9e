//! A wire to the database that can be cut and mended.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Cable {
    port: u16,
    whole: Arc<watch::Sender<bool>>,
}

impl Cable {
    pub(crate) async fn to(url: &str) -> Self {
        let url: reqwest::Url = url.parse().unwrap();
        let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let whole = Arc::new(watch::Sender::new(true));
        let state = Arc::clone(&whole);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() {
                    tokio::spawn(carry(client, upstream.clone(), state.subscribe()));
                }
            }
        });
        Self { port, whole }
    }

    pub(crate) fn url(&self, url: &str) -> String {
        let mut url: reqwest::Url = url.parse().unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.to_string()
    }

    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut client: TcpStream, upstream: String, mut whole: watch::Receiver<bool>) {
    let mut server = TcpStream::connect(upstream).await.unwrap();
    let carrying = tokio::io::copy_bidirectional(&mut client, &mut server);
    tokio::select! {
        _ = carrying => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
