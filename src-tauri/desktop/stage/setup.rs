//! Meeting a cloud while a profile is made: one meeting at a time, which a person can leave at any moment.
//!
//! The secrets that were typed stay here until the profile is kept or the meeting ends; the page has forgotten them by then.

use super::{Scene, Trouble};
use api::clouds::credentials;
use api::desk::setup::{AuthName, CloudRequest, IntroductionView, OrganizationView, PersonView, listed};
use api::introduction::introduce;
use api::secrets::Secrets;
use cloud::{BlynkCloud, Cloud, Options, Server};
use engine::{Fault, Refusal, RefusalCode, Step, Why};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

#[derive(Default)]
pub(super) struct Meeting(Mutex<Met>);

#[derive(Default)]
struct Met {
    cloud: Option<Arc<dyn Cloud>>,
    server: String,
    auth: Option<AuthName>,
    secrets: Secrets,
    /// Ends the meeting that runs.
    leave: CancellationToken,
}

impl Meeting {
    fn lock(&self) -> MutexGuard<'_, Met> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends whatever is going on, and begins anew.
    fn begin(
        &self,
        cloud: Arc<dyn Cloud>,
        server: String,
        auth: AuthName,
        secrets: Secrets,
    ) -> CancellationToken {
        let mut met = self.lock();
        met.leave.cancel();
        let leave = CancellationToken::new();
        *met = Met { cloud: Some(cloud), server, auth: Some(auth), secrets, leave: leave.clone() };
        leave
    }

    /// Nothing of it is remembered.
    pub(super) fn end(&self) {
        let mut met = self.lock();
        met.leave.cancel();
        *met = Met::default();
    }

    /// The secrets with which this cloud was met.
    pub(super) fn secrets_of(&self, server: &str, auth: AuthName) -> Option<Secrets> {
        let met = self.lock();
        let same = |text: &str| text.trim().trim_end_matches('/').to_owned();
        (met.auth == Some(auth) && same(&met.server) == same(server)).then(|| met.secrets.clone())
    }

    fn cloud(&self) -> Result<Arc<dyn Cloud>, Refusal> {
        let unmet = || Refusal::because(RefusalCode::Usage, Why::CloudNotMet, &[]);
        self.lock().cloud.clone().ok_or_else(unmet)
    }
}

impl Scene {
    /// Signs in and asks who we are there. A second call ends the first one.
    pub async fn meet_cloud(&self, request: CloudRequest) -> Result<Option<IntroductionView>, Trouble> {
        let CloudRequest { server, auth, profile, id, secret } = request;
        let kept = match &profile {
            Some(name) => self.ground.shelf().sign_in_of(&self.ground.shelf().profiles().get(name)?).await?,
            None => Secrets::default(),
        };
        let secrets = CloudRequest::sign_in(id, secret, auth).or(kept);
        let cloud: Arc<dyn Cloud> = match self.ground.world() {
            Some(world) => world.cloud(),
            None => {
                let parsed = Server::parse(&server).map_err(|error| {
                    let mut reason = api::calls::bad_server(&server, &error);
                    reason.about.insert("field".to_owned(), "server".to_owned());
                    Refusal { reasons: vec![reason] }
                })?;
                let client = BlynkCloud::connect(parsed, credentials(&secrets)?, Options::default());
                Arc::new(client.map_err(|error| {
                    let because = api::clouds::unusable(&error);
                    let field = if because.why == Why::ClientIdShape { "id" } else { "secret" };
                    Refusal::because(RefusalCode::SecretUnreadable, because, &[("field", field)])
                })?)
            }
        };
        let leave = self.meeting.begin(cloud.clone(), server, auth, secrets);
        match leave.run_until_cancelled_owned(introduce(&*cloud)).await {
            None => Ok(None),
            Some(Ok(met)) => Ok(Some(met.into())),
            Some(Err(fault)) => Err(fault.into()),
        }
    }

    /// Ends a meeting, whether it runs or has been held.
    pub fn leave_cloud(&self) {
        self.meeting.end();
    }

    pub async fn find_organizations(&self, query: &str) -> Result<(Vec<OrganizationView>, bool), Trouble> {
        let found = self.meeting.cloud()?.organizations(Some(query).filter(|query| !query.is_empty())).await;
        Ok(listed(found.map_err(|error| Fault::from_cloud(Step::Connect, &error))?))
    }

    pub async fn find_people(&self, query: &str) -> Result<(Vec<PersonView>, bool), Trouble> {
        let found = self.meeting.cloud()?.users(Some(query).filter(|query| !query.is_empty())).await;
        Ok(listed(found.map_err(|error| Fault::from_cloud(Step::Connect, &error))?))
    }

    /// Signs in as a profile does, and says for whom the cloud takes us.
    pub async fn test_profile(&self, name: &str) -> Result<Option<IntroductionView>, Trouble> {
        let profile = self.ground.shelf().profiles().get(name)?;
        let auth = self.auth_of(name)?;
        let request = CloudRequest {
            server: profile.server,
            auth,
            profile: Some(profile.name),
            id: None,
            secret: None,
        };
        self.meet_cloud(request).await
    }
}
