# Compiler flags, on rollout_flags and (without sanitizers) rollout_agent_flags.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON) # for clang-tidy
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
# Asserts stay on in a release: a broken invariant must not configure a host.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

add_library(rollout_warnings INTERFACE)
target_compile_definitions(rollout_warnings INTERFACE _GNU_SOURCE)
target_include_directories(rollout_warnings INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_compile_options(rollout_warnings INTERFACE $<$<COMPILE_LANGUAGE:C>:
	-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
	-Wmissing-prototypes -Wvla -Werror>)

add_library(rollout_flags INTERFACE)
target_link_libraries(rollout_flags INTERFACE rollout_warnings)
if(ROLLOUT_SANITIZE)
	set(sanitize -fsanitize=${ROLLOUT_SANITIZE} -fno-sanitize-recover=all)
	target_compile_options(rollout_flags INTERFACE ${sanitize})
	target_link_options(rollout_flags INTERFACE ${sanitize})
else()
	target_compile_options(rollout_flags INTERFACE -fstack-protector-strong
		$<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()

if(ROLLOUT_FUZZ)
	target_compile_options(rollout_flags INTERFACE -fsanitize=fuzzer-no-link)
	target_link_options(rollout_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The agent is small before it is fast, and never sanitized: AddressSanitizer
# cannot be linked statically, and a target has none of its libraries. The
# same sources are sanitized in the layers' own libraries and tests.
add_library(rollout_agent_flags INTERFACE)
target_link_libraries(rollout_agent_flags INTERFACE rollout_warnings)
target_compile_options(rollout_agent_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:
	-Os -ffunction-sections -fdata-sections -fstack-protector-strong>)
