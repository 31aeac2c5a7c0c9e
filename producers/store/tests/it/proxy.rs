//! A TCP proxy that misbehaves at one statement.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What happens at the next statement of that text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server hears it; its answer is held back until released.
    HoldAnswer,
    /// The server carries it out; its answer is thrown away and the connection cut.
    LoseAnswer,
    /// The server never hears it; the connection is cut.
    LoseStatement,
}

pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    armed: Mutex<Option<(&'static str, Fault)>>,
    held: Notify,
    released: Notify,
}

impl Proxy {
    /// Listens in front of the server of `url`.
    pub(crate) async fn before(url: &str) -> Self {
        let address = url::Url::parse(url).unwrap();
        let upstream = format!(
            "{}:{}",
            address.host_str().unwrap(),
            address.port().unwrap()
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let of_connections = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&of_connections)));
            }
        });
        Self { port, shared }
    }

    /// The URL that leads through this proxy, without TLS so that it can read along.
    pub(crate) fn url(&self, url: &str) -> String {
        let mut address = url::Url::parse(url).unwrap();
        address.set_port(Some(self.port)).unwrap();
        address.set_query(Some("ssl-mode=disabled"));
        address.to_string()
    }

    pub(crate) fn arm(&self, statement: &'static str, fault: Fault) {
        *self.shared.armed.lock().unwrap() = Some((statement, fault));
    }

    /// Returns once an answer is held back.
    pub(crate) async fn held(&self) {
        self.shared.held.notified().await;
    }

    pub(crate) fn release(&self) {
        self.shared.released.notify_one();
    }
}

async fn carry(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (client_reader, client_writer) = client.into_split();
    let (server_reader, server_writer) = server.into_split();
    let struck = Arc::new(Mutex::new(None));
    // Whichever direction ends first ends the other: both sides see the connection close.
    tokio::select! {
        () = carry_statements(client_reader, server_writer, &shared, &struck) => {}
        () = carry_answers(server_reader, client_writer, &shared, &struck) => {}
    }
}

async fn carry_statements(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    shared: &Shared,
    struck: &Mutex<Option<Fault>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut buffer).await {
        let bytes = &buffer[..length];
        let fault = strike(bytes, shared);
        if fault == Some(Fault::LoseStatement) {
            return;
        }
        *struck.lock().unwrap() = fault;
        if server.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// Takes the armed fault if the packet is its statement: a header of four bytes, `COM_QUERY`, the text.
fn strike(packet: &[u8], shared: &Shared) -> Option<Fault> {
    let mut armed = shared.armed.lock().unwrap();
    let (statement, fault) = (*armed)?;
    let text = packet.get(4..)?.strip_prefix(&[3])?;
    if text != statement.as_bytes() {
        return None;
    }
    *armed = None;
    Some(fault)
}

async fn carry_answers(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    shared: &Shared,
    struck: &Mutex<Option<Fault>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut buffer).await {
        let fault = struck.lock().unwrap().take();
        match fault {
            Some(Fault::LoseAnswer | Fault::LoseStatement) => return,
            Some(Fault::HoldAnswer) => {
                shared.held.notify_one();
                shared.released.notified().await;
            }
            None => {}
        }
        if client.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
