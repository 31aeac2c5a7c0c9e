use std::net::SocketAddr;

use souk_schemas::{DecodeError, Decoder, Encoder, Registry, examples};
use souk_stack::TestStack;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Stands between a client and the registry, until it is dropped.
struct Line {
    url: String,
    _tasks: JoinSet<()>,
}

impl Line {
    async fn to(registry_url: &str) -> Self {
        let (scheme, rest) = registry_url.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let target: SocketAddr = tokio::net::lookup_host(host).await.unwrap().next().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                calls.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        let _cut = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self {
            url: format!("{scheme}://{address}/{path}"),
            _tasks: tasks,
        }
    }
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
    drop(line);

    assert_eq!(decoder.decode(&frame).await.as_ref(), Ok(seen));
    let error = decoder.decode(&encoder.encode(unseen)).await;
    assert!(
        matches!(error, Err(DecodeError::Unavailable(_))),
        "{error:?}"
    );
}
