/** The part of the backend that sets up, practises and looks after: clouds, profiles, health. See `backend.ts`. */
import type {
	AuthName,
	BundleView,
	CloudRequest,
	FindingView,
	IntroductionView,
	OrganizationView,
	PersonView,
	ProfileDraftView,
	TroubledView,
	TroublesView,
	VaultRequest
} from './bindings/views';

/** What was found, and whether there is more than is listed. */
export type Found<T> = [T[], boolean];

export interface SetupBackend {
	/** Plays the practice world from now on; the page has to be loaded again. */
	practise(): Promise<void>;
	leavePractice(): Promise<void>;
	/** Signs in and asks who we are there; `null`: it was left in between. Rejects with `Trouble`. */
	meetCloud(request: CloudRequest): Promise<IntroductionView | null>;
	/** Ends a meeting; what was typed for it is forgotten. */
	leaveCloud(): Promise<void>;
	findOrganizations(query: string): Promise<Found<OrganizationView>>;
	findPeople(query: string): Promise<Found<PersonView>>;
	testProfile(name: string): Promise<IntroductionView | null>;
	/** Keeps a profile and puts it to use. A refusal names the `field` of each reason. */
	saveProfile(draft: ProfileDraftView): Promise<void>;
	giveSecrets(name: string, auth: AuthName, id: string | null, secret: string): Promise<void>;
	removeProfile(name: string): Promise<void>;
	useProfile(name: string): Promise<void>;
	chooseVault(request: VaultRequest): Promise<void>;
	/** Examines everything and tells each finding; resolves when all are told. */
	checkup(on: (finding: FindingView) => void): Promise<void>;
	/** Asks for a place with the system's own dialog; null when none was chosen. */
	bundle(): Promise<BundleView | null>;
	/** `null`: nothing is simulated. */
	troubles(): Promise<TroublesView | null>;
	/** Turns a knob of this device, or of the cloud. */
	makeTrouble(whose: TroubledView, name: string, value: string): Promise<void>;
	endTroubles(): Promise<void>;
	plug(device: string, plugged: boolean): Promise<void>;
	holdButton(device: string): Promise<void>;
}

const refused = { refusal: { reasons: [{ code: 'refused.nothing_open' as const, about: {} }] } };
const no = () => Promise.reject(refused);

/** In a plain browser nothing can be set up. */
export const nothingToSetUp: SetupBackend = {
	practise: no,
	leavePractice: no,
	meetCloud: no,
	leaveCloud: () => Promise.resolve(),
	findOrganizations: no,
	findPeople: no,
	testProfile: no,
	saveProfile: no,
	giveSecrets: no,
	removeProfile: no,
	useProfile: no,
	chooseVault: no,
	checkup: no,
	bundle: no,
	troubles: () => Promise.resolve(null),
	makeTrouble: no,
	endTroubles: no,
	plug: no,
	holdButton: no
};
