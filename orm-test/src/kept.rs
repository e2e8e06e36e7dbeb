//! Templates that nobody uses at the moment, kept for the next tests of this process.

use std::{
    collections::VecDeque,
    mem,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Mutex;
use tokio_postgres::Client;

use crate::{Error, Server, template::Template};

/// Tests that follow each other mostly have one schema. Each template is some megabytes.
const MOST: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// How many databases this process has. With the last one, all templates go.
    databases: AtomicUsize,
    templates: Mutex<Templates>,
}

#[derive(Debug, Default)]
struct Templates {
    /// What uses them. If the process is killed, the server forgets it.
    session: Option<Client>,
    /// The last one is that of the database that was dropped last.
    templates: VecDeque<Template>,
}

impl Kept {
    /// Counts a database.
    pub(crate) fn enter(&self) {
        self.databases.fetch_add(1, Ordering::Relaxed);
    }

    /// Does not count it any more.
    pub(crate) fn leave(&self) {
        self.databases.fetch_sub(1, Ordering::Relaxed);
    }

    /// A database has been dropped that was a copy of `template`, which `session` uses.
    pub(crate) async fn dropped(
        &self,
        server: &Server,
        session: &Client,
        template: Option<Template>,
    ) -> Result<(), Error> {
        let mut kept = self.templates.lock().await;
        if self.databases.load(Ordering::Relaxed) > 0 {
            return match template {
                Some(template) => kept.keep(server, session, template).await,
                None => Ok(()),
            };
        }
        let let_go = kept.let_go(session).await;
        match template {
            Some(template) => template.release(session).await.and(let_go),
            None => let_go,
        }
    }
}

impl Templates {
    async fn keep(
        &mut self,
        server: &Server,
        session: &Client,
        template: Template,
    ) -> Result<(), Error> {
        if self.session.as_ref().is_some_and(Client::is_closed) {
            self.let_go(session).await?;
        }
        let keeper = match &self.session {
            Some(keeper) => keeper,
            None => self
                .session
                .insert(server.session("unlazy templates").await?),
        };
        let known = self.templates.iter().position(|known| *known == template);
        match known.and_then(|position| self.templates.remove(position)) {
            Some(_) => {}
            None => template.begin_use(keeper).await?,
        }
        template.end_use(session).await?;
        self.templates.push_back(template);
        if self.templates.len() > MOST
            && let Some(oldest) = self.templates.pop_front()
        {
            oldest.end_use(keeper).await?;
            oldest.drop_if_unused(session).await?;
        }
        Ok(())
    }

    /// Drops all that nobody else uses.
    async fn let_go(&mut self, session: &Client) -> Result<(), Error> {
        let templates = mem::take(&mut self.templates);
        if let Some(keeper) = self.session.take() {
            for template in &templates {
                // On a connection that was lost, it has ended.
                let _ = template.end_use(&keeper).await;
            }
        }
        for template in templates {
            template.drop_if_unused(session).await?;
        }
        Ok(())
    }
}
