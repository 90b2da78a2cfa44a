/** Where everything is; what the demo's server tells the page. */
export interface Places {
  /** Another one each time the demo starts. */
  run: string;
  serverUrl: string;
  discord: {
    url: string;
    apiUrl: string;
    gatewayUrl: string;
    guildId: string;
    applicationId: string;
  };
  staff: StaffMember[];
}

/** Somebody of the support team, with the token their own Discord client has. */
export interface StaffMember {
  id: string;
  name: string;
  token: string;
}

export async function loadPlaces(): Promise<Places> {
  const answer = await fetch('places.json');
  if (!answer.ok) throw new Error(`the demo answered ${answer.status}`);
  return answer.json();
}
