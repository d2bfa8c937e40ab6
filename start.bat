@echo off
rem Start Chimera on Windows: start.bat, start.bat demo, start.bat <command>.
rem Redis and Temporal have no wheels for Windows. Put redis-server and temporal on the PATH, or set servers in .env.
setlocal
set "ROOT=%~dp0"
set "VENV=%ROOT%.venv"
set "PYTHON=%CHIMERA_PYTHON%"
if not defined PYTHON set "PYTHON=py -3"

if not exist "%VENV%\Scripts\python.exe" (
    %PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>nul || goto :no_python
    echo Creating .venv
    %PYTHON% -m venv "%VENV%" || exit /b 1
)
rem The stamp is a copy of the lock that the environment was made from.
fc /b "%ROOT%requirements\runtime.lock" "%VENV%\stamp.lock" >nul 2>&1 && goto :run
if not exist "%ROOT%api\console\index.html" echo The console isn't built. With Node.js 22 on the PATH, run in the folder frontend: npm ci ^&^& npm run bundle
echo Installing packages and verifying their hashes
"%VENV%\Scripts\python.exe" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "%ROOT%requirements\uv.lock" || exit /b 1
"%VENV%\Scripts\uv.exe" --quiet pip sync --python "%VENV%\Scripts\python.exe" --require-hashes --compile-bytecode "%ROOT%requirements\runtime.lock" || exit /b 1
"%VENV%\Scripts\uv.exe" --quiet pip install --python "%VENV%\Scripts\python.exe" --no-deps --no-build-isolation --offline --editable "%ROOT%." || exit /b 1
copy /y "%ROOT%requirements\runtime.lock" "%VENV%\stamp.lock" >nul

:run
rem Options without a command are those of `up`.
set "FIRST=%~1"
set "COMMAND="
if not defined FIRST set "COMMAND=up"
if "%FIRST:~0,1%"=="-" set "COMMAND=up"
for %%o in (-h --help --version --install-completion --show-completion) do if "%FIRST%"=="%%o" set "COMMAND="
"%VENV%\Scripts\chimera.exe" %COMMAND% %*
exit /b %errorlevel%

:no_python
echo Chimera needs Python 3.11 or newer. Set CHIMERA_PYTHON to its path, or run: winget install Python.Python.3.12 1>&2
exit /b 1
