//! Batches: a file is opened, mapped and checked, begun, mended, taken up again and reported.

use super::{Stage, Trouble};
use api::batch_report::{ReportFormat, report};
use api::batches::{AskTheCloud, BatchFile, Batches, batch_id, check_view};
use api::calls::ProvisionRequest;
use api::desk::batch::{
    BatchCheckView, BatchFileView, BatchFixView, BatchRowView, BatchStartView, BatchUpdate, BatchView,
};
use api::secrets::{SecretName as Given, Secrets};
use engine::plan::batch::{BatchDefaults, BatchNetwork, BatchSecrets, Mappings};
use engine::work::BatchOptions;
use engine::{Origin, Refusal, RefusalCode};
use proto::Secret;
use std::path::Path;
use tokio::sync::mpsc;

impl Stage {
    pub fn batches(&self) -> &Batches {
        &self.batches
    }

    fn mappings(&self) -> Option<Mappings> {
        self.ground.dir().map(Mappings::of)
    }

    pub fn open_batch_path(&self, path: &str) -> Result<BatchFileView, Trouble> {
        let file = BatchFile::read(Path::new(path), self.mappings().as_ref())?;
        Ok(self.batches.keep_file(file)?)
    }

    pub fn open_batch_content(&self, name: &str, content: Vec<u8>) -> Result<BatchFileView, Trouble> {
        let file = BatchFile::open(name, None, content, self.mappings().as_ref())?;
        Ok(self.batches.keep_file(file)?)
    }

    pub fn map_batch(&self, file: &str, columns: &[(String, String)]) -> Result<BatchFileView, Trouble> {
        Ok(self.batches.map(file, columns, self.mappings().as_ref())?)
    }

    pub async fn check_batch(&self, file: &str, start: BatchStartView) -> Result<BatchCheckView, Trouble> {
        let (defaults, secrets) =
            self.batch_ground(start.ssid, start.password.map(|it| it.into_secret())).await?;
        let file = self.batches.file(file)?;
        let (plan, problems) = file.check(self.desk.engine(), &defaults, &secrets, AskTheCloud::Yes).await?;
        Ok(check_view(&plan, &problems, AskTheCloud::Yes))
    }

    /// The rows with problems, as CSV to mend and open again.
    pub async fn batch_problems(&self, file: &str, start: BatchStartView) -> Result<String, Trouble> {
        let (defaults, secrets) =
            self.batch_ground(start.ssid, start.password.map(|it| it.into_secret())).await?;
        let file = self.batches.file(file)?;
        let (_, problems) = file.check(self.desk.engine(), &defaults, &secrets, AskTheCloud::Yes).await?;
        Ok(String::from_utf8_lossy(&file.problems_file(&problems)?).into_owned())
    }

    pub async fn start_batch(&self, file: &str, start: BatchStartView) -> Result<String, Trouble> {
        let (defaults, secrets) =
            self.batch_ground(start.ssid, start.password.map(|it| it.into_secret())).await?;
        let opened = self.batches.file(file)?;
        let (plan, problems) = opened.check(self.desk.engine(), &defaults, &secrets, AskTheCloud::No).await?;
        if !problems.is_empty() {
            let rows = problems.len().to_string();
            return Err(Refusal::of(RefusalCode::BatchProblems, &[("problems", &rows)]).into());
        }
        let options = BatchOptions {
            canary: start.canary,
            parallel: start.parallel,
            // Somebody looks at the window and may be fetching the next box.
            give_up: None,
            origin: Origin { operator: start.operator, work_order: start.work_order, ..Origin::default() },
            ..BatchOptions::default()
        };
        let run = self.desk.engine().begin_batch(plan, secrets, options).await?;
        self.batches.close_file(file);
        Ok(self.batches.follow(run))
    }

    /// Takes a batch up where the journal ends. Secrets of devices are read from its file again.
    pub async fn resume_batch(&self, batch: &str, password: Option<Secret>) -> Result<(), Trouble> {
        let id = batch_id(batch)?;
        let known = self.desk.engine().batch(id);
        let wanted = known.as_ref().and_then(|batch| {
            let secret_rows = batch.left().any(|row| row.item.has_device_secret);
            batch.path.clone().filter(|_| secret_rows)
        });
        let (defaults, mut secrets) = self.batch_ground(None, password).await?;
        if let Some(path) = wanted {
            let file = BatchFile::read(Path::new(&path), self.mappings().as_ref())?;
            secrets.of_rows = file.device_secrets(&defaults)?;
        }
        let options = BatchOptions { give_up: None, ..BatchOptions::default() };
        let run = self.desk.engine().resume_batch(id, secrets, options).await?;
        self.batches.follow(run);
        Ok(())
    }

    pub fn fix_batch(&self, batch: &str, fix: Option<BatchFixView>) -> Result<(), Trouble> {
        Ok(self.batches.go_on(batch, fix)?)
    }

    pub fn batch_rows(&self, batch: &str, from: u32, most: u32) -> Result<Vec<BatchRowView>, Trouble> {
        Ok(self.batches.rows(batch, from, most)?)
    }

    pub fn batch_list(&self) -> Vec<BatchView> {
        self.batches.list()
    }

    pub fn watch_batches(&self) -> mpsc::UnboundedReceiver<BatchUpdate> {
        self.batches.watch()
    }

    /// `csv` or `html`.
    pub fn batch_report(&self, batch: &str, format: &str) -> Result<String, Trouble> {
        let format = if format == "html" { ReportFormat::Html } else { ReportFormat::Csv };
        let content = report(self.desk.engine(), batch_id(batch)?, format)?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }

    /// What the profile in use, or practice, gives to rows that say nothing.
    async fn batch_ground(
        &self,
        ssid: Option<String>,
        password: Option<Secret>,
    ) -> Result<(BatchDefaults, BatchSecrets), Refusal> {
        let mut secrets = Secrets::default();
        if let Some(password) = &password {
            secrets.set(Given::WifiPassword, password.clone());
        }
        let mut wish = ProvisionRequest { wifi: ssid.clone(), ..ProvisionRequest::default() };
        self.ground.fill(&mut wish, &mut secrets).await?;
        let mut networks = self.ground.networks().await?;
        // What was typed for this network wins over what is kept for it.
        if let (Some(ssid), Some(password)) = (&ssid, password) {
            networks.retain(|network| network.ssid != *ssid);
            networks.push(BatchNetwork { name: None, ssid: ssid.clone(), password });
        }
        if wish.wifi.is_none() {
            wish.wifi = networks.first().map(|network| network.ssid.clone());
        }
        wish.check_batch(&secrets, networks)
    }
}
