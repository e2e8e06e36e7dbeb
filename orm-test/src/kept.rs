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
        let mut outcome = Ok(());
        // Without the mutex: a server that is busy must not hold up all tests.
        for template in self.unneeded(server, session, template).await {
            let dropped = template.drop_if_unused(session).await;
            outcome = outcome.and(dropped);
        }
        outcome
    }

    /// Keeps the template, or not. Returns those that this process uses no longer.
    async fn unneeded(
        &self,
        server: &Server,
        session: &Client,
        template: Option<Template>,
    ) -> Vec<Template> {
        let mut kept = self.templates.lock().await;
        let is_last = self.databases.load(Ordering::Relaxed) == 0;
        let mut unneeded = match is_last {
            true => kept.let_go().await,
            false => Vec::new(),
        };
        let Some(template) = template else {
            return unneeded;
        };
        let is_kept = !is_last && kept.keep(server, &template, &mut unneeded).await.is_ok();
        // On a connection that was lost, it has ended.
        let _ = template.end_use(session).await;
        if !is_kept && !unneeded.contains(&template) {
            unneeded.push(template);
        }
        unneeded
    }
}

impl Templates {
    /// Uses the template from now on, in place of the one that was used the longest time ago.
    async fn keep(
        &mut self,
        server: &Server,
        template: &Template,
        unneeded: &mut Vec<Template>,
    ) -> Result<(), Error> {
        if self.session.as_ref().is_some_and(Client::is_closed) {
            unneeded.append(&mut self.let_go().await);
        }
        let keeper = match &self.session {
            Some(keeper) => keeper,
            None => self
                .session
                .insert(server.session("unlazy templates").await?),
        };
        match self.templates.iter().position(|known| known == template) {
            Some(known) => {
                self.templates.remove(known);
            }
            None => template.begin_use(keeper).await?,
        }
        self.templates.push_back(template.clone());
        if self.templates.len() > MOST
            && let Some(oldest) = self.templates.pop_front()
        {
            let _ = oldest.end_use(keeper).await;
            unneeded.push(oldest);
        }
        Ok(())
    }

    /// Uses none of them any longer.
    async fn let_go(&mut self) -> Vec<Template> {
        let templates = Vec::from(mem::take(&mut self.templates));
        if let Some(keeper) = self.session.take() {
            for template in &templates {
                let _ = template.end_use(&keeper).await;
            }
        }
        templates
    }
}
