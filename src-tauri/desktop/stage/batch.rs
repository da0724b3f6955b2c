//! Batches: a file is opened, mapped and checked, begun, mended, taken up again and reported.

use super::{Scene, Stage, Trouble};
use api::batch_report::{ReportFormat, report};
use api::batches::{
    AskTheCloud, BatchFile, Batches, Lone, SAMPLE, SAMPLE_NAME, batch_id, check_view, leave_out,
};
use api::calls::ProvisionRequest;
use api::desk::WindowSecret;
use api::desk::batch::{
    BatchCheckView, BatchFileView, BatchFixView, BatchNetworkView, BatchReportKind, BatchResumeView,
    BatchStartView,
};
use api::secrets::{SecretName as Given, Secrets};
use engine::plan::batch::{BatchDefaults, BatchNetwork, BatchPlan, BatchSecrets, Mappings, Problem};
use engine::record::batch::Bind;
use engine::work::BatchOptions;
use engine::work::batch::CANARY_FROM;
use engine::{Because, Origin, Refusal, RefusalCode};
use proto::Secret;
use std::collections::BTreeSet;
use std::path::Path;

/// Made-up addresses of practice units begin here, beyond those that are always there.
const PRACTICE_UNITS_FROM: u32 = 1_000;
/// A batch lets radio links go, and looks for devices that failed without one at the pace of real ones (up to 55 s), so that
/// the patience of practice with a single device is too short for it.
const PRACTICE_BATCH_PATIENCE_S: u32 = 90;

impl Stage {
    pub fn batches(&self) -> &Batches {
        &self.batches
    }

    fn mappings(&self) -> Option<Mappings> {
        self.ground.dir().map(Mappings::of)
    }

    pub fn open_batch_path(&self, path: &Path) -> Result<BatchFileView, Trouble> {
        let file = BatchFile::read(path, self.mappings().as_ref())?;
        Ok(self.batches.keep_file(file)?)
    }

    /// The sample, to play with.
    pub fn open_batch_sample(&self) -> Result<BatchFileView, Trouble> {
        let content = SAMPLE.as_bytes().to_vec();
        let file = BatchFile::open(SAMPLE_NAME, None, content, self.mappings().as_ref())?;
        Ok(self.batches.keep_file(file)?)
    }

    pub fn map_batch(&self, file: &str, columns: &[(String, String)]) -> Result<BatchFileView, Trouble> {
        Ok(self.batches.map(file, columns, self.mappings().as_ref())?)
    }

    /// The networks that rows may use, the usual one first.
    pub async fn batch_networks(&self) -> Result<Vec<BatchNetworkView>, Trouble> {
        let kept = self.kept_networks().await?;
        let settings = self.ground.settings().await?;
        let profile =
            settings.profiles.into_iter().find(|profile| Some(&profile.name) == settings.current.as_ref());
        let of_profile = profile.into_iter().flat_map(|profile| profile.networks).map(|network| {
            let kept = network.open || kept.contains(&network.ssid);
            BatchNetworkView { ssid: network.ssid, kept }
        });
        let mut networks: Vec<BatchNetworkView> = Vec::new();
        let others = kept.iter().map(|ssid| BatchNetworkView { ssid: ssid.clone(), kept: true });
        for network in of_profile.chain(others) {
            if !networks.iter().any(|known| known.ssid == network.ssid) {
                networks.push(network);
            }
        }
        Ok(networks)
    }

    pub(super) async fn kept_networks(&self) -> Result<BTreeSet<String>, Refusal> {
        Ok(self.ground.networks().await?.into_iter().map(|network| network.ssid).collect())
    }

    pub async fn check_batch(&self, file: &str, start: BatchStartView) -> Result<BatchCheckView, Trouble> {
        let (_, _, plan, problems) = self.plan_batch(file, start, AskTheCloud::Yes).await?;
        Ok(check_view(&plan, &problems, AskTheCloud::Yes))
    }

    /// The rows with problems, as CSV to mend and open again, in a file of this place.
    pub async fn save_batch_problems(
        &self,
        file: &str,
        start: BatchStartView,
        path: &Path,
    ) -> Result<(), Trouble> {
        let (opened, _, _, problems) = self.plan_batch(file, start, AskTheCloud::Yes).await?;
        write(path, &opened.problems_file(&problems)?)
    }

    pub fn save_batch_sample(&self, path: &Path) -> Result<(), Trouble> {
        write(path, SAMPLE.as_bytes())
    }

    pub async fn start_batch(&self, file: &str, start: BatchStartView) -> Result<String, Trouble> {
        let origin = Origin {
            operator: start.operator.clone().filter(|text| !text.is_empty()),
            work_order: start.work_order.clone().filter(|text| !text.is_empty()),
            ..Origin::default()
        };
        let (canary, parallel, without) = (start.canary, start.parallel, start.leave_out);
        // With rows left out the cloud is asked once more, since what it says decides which.
        let ask = if without { AskTheCloud::Yes } else { AskTheCloud::No };
        let (_, secrets, mut plan, mut problems) = self.plan_batch(file, start, ask).await?;
        if without {
            leave_out(&mut plan, &mut problems);
        }
        if !problems.is_empty() {
            let rows = problems.len().to_string();
            return Err(Refusal::of(RefusalCode::BatchProblems, &[("problems", &rows)]).into());
        }
        self.bring_practice_units(&plan);
        let lone = Lone {
            first: canary.unwrap_or(plan.items.len() > CANARY_FROM),
            after_a_stop: canary != Some(false),
        };
        // Somebody looks at the window and may be fetching the next box, so that no row is given up.
        let options = BatchOptions { canary, parallel, give_up: None, origin, ..BatchOptions::default() };
        let run = self.desk.engine().begin_batch(plan, secrets, options).await?;
        self.batches.close_file(file);
        Ok(self.batches.follow(run, lone))
    }

    pub async fn batch_resume_plan(&self, batch: &str) -> Result<BatchResumeView, Trouble> {
        Ok(self.batches.resume_view(batch, &self.kept_networks().await?)?)
    }

    /// Takes a batch up where the journal ends. Secrets of devices are read from its file again.
    pub async fn resume_batch(
        &self,
        batch: &str,
        password: Option<Secret>,
        retry_failed: bool,
    ) -> Result<(), Trouble> {
        let id = batch_id(batch)?;
        let wanted = self.batches.resume_view(batch, &self.kept_networks().await?)?;
        let stopped_by = wanted.stop.as_ref().and_then(|stop| stop.network());
        let request = ProvisionRequest::default();
        let (defaults, mut secrets) = self.batch_ground(request, Secrets::default()).await?;
        if let Some(password) = password {
            // For what is not at hand, and for the network whose password was refused.
            if let Some(ssid) = stopped_by {
                secrets.networks.retain(|network| network.ssid != ssid);
            }
            secrets.wifi_password = Some(password);
        }
        if let Some(path) = wanted.file {
            let file = BatchFile::read(Path::new(&path), self.mappings().as_ref())?;
            secrets.of_rows = file.device_secrets(&defaults)?;
        }
        let state = self.desk.engine().with_batch(id, |state| (state.canary, state.counts().passed));
        let (canary, passed) = state.unwrap_or_default();
        let lone = Lone { first: canary && (passed == 0 || wanted.stop.is_some()), after_a_stop: true };
        let options = BatchOptions { give_up: None, retry_failed, ..BatchOptions::default() };
        let run = self.desk.engine().resume_batch(id, secrets, options).await?;
        self.batches.follow(run, lone);
        Ok(())
    }

    pub fn fix_batch(&self, batch: &str, fix: Option<BatchFixView>) -> Result<(), Trouble> {
        Ok(self.batches.go_on(batch, fix)?)
    }

    /// The name that a report is offered under.
    pub fn batch_report_name(&self, batch: &str) -> Result<String, Trouble> {
        let name = self.desk.engine().with_batch(batch_id(batch)?, |state| state.name.clone());
        let name = name.unwrap_or_default();
        let stem =
            Path::new(&name).file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
        Ok(format!("{stem}-report"))
    }

    pub fn save_batch_report(&self, batch: &str, kind: BatchReportKind, path: &Path) -> Result<(), Trouble> {
        let format = match kind {
            BatchReportKind::Html => ReportFormat::Html,
            BatchReportKind::Csv => ReportFormat::Csv,
            BatchReportKind::Jsonl => ReportFormat::Jsonl,
        };
        write(path, &report(self.desk.engine(), batch_id(batch)?, format)?)
    }

    /// A file with what its rows take where they say nothing, and everything that is wrong with it.
    async fn plan_batch(
        &self,
        file: &str,
        start: BatchStartView,
        ask: AskTheCloud,
    ) -> Result<(BatchFile, BatchSecrets, BatchPlan, Vec<Problem>), Trouble> {
        let BatchStartView { ssid, password, org, owner, template, carrier, device_secret, .. } = start;
        let typed = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let mut given = Secrets::default();
        if let Some(secret) = device_secret.map(WindowSecret::into_secret).filter(|secret| !secret.is_empty())
        {
            given.set(Given::DeviceSecret, secret);
        }
        let request = ProvisionRequest {
            wifi: typed(ssid.clone()),
            org: typed(org),
            owner: typed(owner),
            expect_template: typed(template),
            carrier: typed(carrier),
            ..ProvisionRequest::default()
        };
        let (defaults, mut secrets) = self.batch_ground(request, given).await?;
        // What was typed for this network wins over what is kept for it, and is for this one only.
        if let (Some(ssid), Some(password)) = (typed(ssid), password) {
            secrets.networks.retain(|network| network.ssid != ssid);
            secrets.networks.push(BatchNetwork { name: None, ssid, password: password.into_secret() });
        }
        let opened = self.batches.file(file)?;
        let (plan, problems) = opened.check(self.desk.engine(), &defaults, &secrets, ask).await?;
        Ok((opened, secrets, plan, problems))
    }

    /// What the profile in use, or practice, gives to rows that say nothing; what was typed for this batch comes first.
    async fn batch_ground(
        &self,
        typed: ProvisionRequest,
        mut secrets: Secrets,
    ) -> Result<(BatchDefaults, BatchSecrets), Refusal> {
        let mut wish = ProvisionRequest { wifi: typed.wifi, ..ProvisionRequest::default() };
        self.ground.fill(&mut wish, &mut secrets).await?;
        wish.org = typed.org.or(wish.org);
        wish.owner = typed.owner.or(wish.owner);
        wish.expect_template = typed.expect_template.or(wish.expect_template);
        wish.carrier = typed.carrier.or(wish.carrier);
        if self.ground.world().is_some() {
            wish.patience = Some(PRACTICE_BATCH_PATIENCE_S.to_string());
        }
        let networks = self.ground.networks().await?;
        wish.check_batch(&secrets, networks)
    }
}

impl Scene {
    /// Practice has a device for each row: those that are not there yet come into the place now.
    fn bring_practice_units(&self, plan: &BatchPlan) {
        let Some(world) = self.ground.world() else { return };
        let from = u32::try_from(world.devices().len()).unwrap_or(0) + PRACTICE_UNITS_FROM;
        for (item, number) in plan.items.iter().zip(from..) {
            let (mac, name) = match &item.bind {
                Bind::Mac { mac } => (Some(mac.clone()), None),
                Bind::Label { label } => (None, Some(label.clone())),
                Bind::Next => (None, None),
            };
            let known = mac.as_ref().or(name.as_ref()).is_some_and(|which| world.device(which).is_some());
            if !known {
                let unit = sim::PracticeUnit { mac, name, template: item.recipe.expect_template.clone() };
                world.add(sim::practice_unit(unit, number));
            }
        }
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), Trouble> {
    std::fs::write(path, content).map_err(|error| {
        let path = path.display().to_string();
        Refusal::because(RefusalCode::FileUnreadable, Because::said(error), &[("path", &path)]).into()
    })
}
