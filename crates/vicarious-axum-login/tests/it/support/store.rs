//! The session store in memory, and a view of all that it holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum_login::tower_sessions::session::{Id, Record};
use axum_login::tower_sessions::{SessionStore, session_store};
use tower_sessions_14::MemoryStore;

#[derive(Clone, Debug, Default)]
pub(crate) struct OpenStore {
    memory: MemoryStore,
    ids: Arc<Mutex<BTreeSet<i128>>>,
    failing: Arc<Mutex<bool>>,
}

impl OpenStore {
    /// Returns every session that has not expired.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let ids = self.ids.lock().unwrap().clone();
        let mut records = Vec::new();
        for id in ids {
            records.extend(self.memory.load(&Id(id)).await.unwrap());
        }
        records
    }

    /// Returns the session that a browser's cookie names.
    pub(crate) async fn of(&self, cookie: &str) -> Option<Record> {
        self.memory.load(&cookie.parse().unwrap()).await.unwrap()
    }

    pub(crate) async fn put(&self, record: &Record) {
        self.memory.save(record).await.unwrap();
    }

    pub(crate) fn fail(&self, failing: bool) {
        *self.failing.lock().unwrap() = failing;
    }
}

#[async_trait::async_trait]
impl SessionStore for OpenStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.memory.create(record).await?;
        self.ids.lock().unwrap().insert(record.id.0);
        Ok(())
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.ids.lock().unwrap().insert(record.id.0);
        self.memory.save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        if *self.failing.lock().unwrap() {
            return Err(session_store::Error::Backend("the store is down".to_owned()));
        }
        self.memory.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.memory.delete(id).await
    }
}
