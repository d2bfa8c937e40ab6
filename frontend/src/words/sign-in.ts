export default {
  product: 'Chimera', about: 'Runs teams of AI agents that you can watch, steer and trust to finish.',
  title: 'Sign in', email: 'E-mail address', password: 'Password', name: 'Name', submit: 'Sign in', orElse: 'or',
  show: 'Show the password', hide: 'Hide the password', capsLock: 'Caps Lock is on.',
  with: 'Sign in with {{provider}}', register: 'Create an account', haveAccount: 'Sign in instead', toSignIn: 'Go to the sign-in page',
  forgot: 'Forgot your password? An administrator can give you a link to set a new one.',
  needed: 'Fill in this field.', short: 'A password has at least {{count}} characters.', long: 'A password has at most {{count}} characters.', passwordHint: 'At least {{count}} characters',
  registerTitle: 'Create an account', registerSubmit: 'Create the account', invitation: 'Invitation', invitationHint: 'The code that an administrator gave you',
  registerOff: 'Accounts are created by administrators', registerOffHint: 'Ask an administrator for an account.', registered: 'Your account is ready', registeredHint: 'Sign in with your e-mail address and password.',
  firstTitle: 'Create the first administrator', firstAbout: 'This installation has no users yet.', firstToken: 'Set-up token', firstTokenHint: 'The value of CHIMERA_SETUP_TOKEN', firstSubmit: 'Create the administrator', firstDone: 'There is an administrator already', firstLink: 'This installation has no users yet. Create the first administrator.',
  resetTitle: 'Set a new password', resetSubmit: 'Set the password', newPassword: 'New password', resetToken: 'Reset token', resetTokenHint: 'The one-time code that an administrator gave you', resetDone: 'Your password is set', resetDoneHint: 'All your sessions have ended. Sign in with the new password.',
  finishing: 'Finishing the sign-in…', finishTitle: 'The sign-in didn’t work', finishState: 'This sign-in was started in another browser or tab, or too long ago. Start again.', finishRefused: 'The identity provider refused the sign-in: {{reason}}',
} as const;
