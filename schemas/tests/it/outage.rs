use std::net::SocketAddr;

use futures::{StreamExt as _, stream::FuturesUnordered};
use souk_schemas::{DecodeError, Decoder, Encoder, Registry, examples};
use souk_stack::TestStack;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, lookup_host},
    task::JoinHandle,
};

/// Stands between a client and the registry, until it is cut.
struct Line {
    url: String,
    task: JoinHandle<()>,
}

impl Line {
    async fn to(registry_url: &str) -> Self {
        let (scheme, rest) = registry_url.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let registry = lookup_host(host).await.unwrap().next().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self {
            url: format!("{scheme}://{address}/{path}"),
            task: tokio::spawn(forward_all(listener, registry)),
        }
    }

    /// Closes the port and every connection through it.
    async fn cut(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Everything runs in this one future, so that nothing outlives it.
async fn forward_all(listener: TcpListener, registry: SocketAddr) {
    let mut calls = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => calls.push(forward(accepted.unwrap().0, registry)),
            Some(()) = calls.next() => {}
        }
    }
}

async fn forward(mut client: TcpStream, registry: SocketAddr) {
    let mut server = TcpStream::connect(registry).await.unwrap();
    let _ended = copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test]
async fn an_outage_of_the_registry_stops_only_what_was_never_seen() {
    let space = TestStack::get().await.space("outage").await;
    let registry = Registry::new(&space.registry_url).unwrap();
    registry.register_all(&space.prefix).await.unwrap();
    let encoder = Encoder::connect(&registry, &space.prefix).await.unwrap();
    let events = examples();
    let seen = &events[0];
    let unseen = events
        .iter()
        .find(|event| event.event_type() != seen.event_type())
        .unwrap();

    let line = Line::to(&space.registry_url).await;
    let decoder = Decoder::new(Registry::new(&line.url).unwrap());
    let frame = encoder.encode(seen);
    assert_eq!(decoder.decode(&frame).await.as_ref(), Ok(seen));
    line.cut().await;

    assert_eq!(decoder.decode(&frame).await.as_ref(), Ok(seen));
    let error = decoder.decode(&encoder.encode(unseen)).await;
    assert!(
        matches!(error, Err(DecodeError::Unavailable(_))),
        "{error:?}"
    );
}
